// SPDX-License-Identifier: Apache-2.0
#include "ttt_layers.hpp"

systems::Measured systems::ttt_mlp(const Work& work) {
  return measure_ttt<TttMlp, Backbone::transformer>(work, of_mlp_head);
}

systems::Measured systems::ttt_mlp_mamba(const Work& work) {
  return measure_ttt<TttMlp, Backbone::mamba>(work, of_mlp_head);
}
