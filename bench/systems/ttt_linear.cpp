// SPDX-License-Identifier: Apache-2.0
#include "ttt_layers.hpp"

systems::Measured systems::ttt_linear(const Work& work) {
  return measure_ttt<TttLinear, Backbone::transformer>(work, of_linear_head);
}

systems::Measured systems::ttt_linear_mamba(const Work& work) {
  return measure_ttt<TttLinear, Backbone::mamba>(work, of_linear_head);
}
