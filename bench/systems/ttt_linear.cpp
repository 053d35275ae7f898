// SPDX-License-Identifier: Apache-2.0
#include "ttt_layers.hpp"

namespace {

using namespace systems;

/// Of keys, queries and the update with W, the first is counted with the weights.
double of_head(double head) { return 2 * head * head + 2 * head * seen_in_chunk(mini_batch); }

}  // namespace

systems::Measured systems::ttt_linear(const Work& work) {
  return measure_ttt<TttLinear, Backbone::transformer>(work, of_head);
}

systems::Measured systems::ttt_linear_mamba(const Work& work) {
  return measure_ttt<TttLinear, Backbone::mamba>(work, of_head);
}
