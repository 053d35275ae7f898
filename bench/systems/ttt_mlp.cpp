// SPDX-License-Identifier: Apache-2.0
#include "ttt_layers.hpp"

namespace {

using namespace systems;

/// With W1 keys, queries and the update, with W2 these and what comes back; of each the first is
/// counted with the weights.
double of_head(double head) {
  const double hidden = 4 * head;
  return 5 * head * hidden + 2 * (head + hidden) * seen_in_chunk(mini_batch);
}

}  // namespace

systems::Measured systems::ttt_mlp(const Work& work) {
  return measure_ttt<TttMlp, Backbone::transformer>(work, of_head);
}

systems::Measured systems::ttt_mlp_mamba(const Work& work) {
  return measure_ttt<TttMlp, Backbone::mamba>(work, of_head);
}
