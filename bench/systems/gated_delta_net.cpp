// SPDX-License-Identifier: Apache-2.0
#include <ttt/model/systems.hpp>

#include "measure.hpp"

namespace {

using namespace systems;

/// Keys of all heads together are three quarters as wide as a token, and values twice that: a layer
/// then has six times the square of the width of parameters.
template <ModelSpec Spec, std::size_t Depth>
Measured measure_one(const Work& work) {
  static constexpr GatedDeltaNet mixer{.key = 3 * head_of(Spec) / 4};
  static constexpr GatedDeltaNet own = mixer.settled(Spec);
  return measure<GatedDeltaNetModel<normed_before(Spec), Depth, mixer>>(
      work, {{"delta_heads", own.heads}, {"key", own.key}, {"value", own.value}}, [](Index time) {
        const auto key = static_cast<double>(own.key);
        const auto value = static_cast<double>(own.value);
        // In a chunk: keys with keys and queries, the solution, and what queries read.
        const double a_head = 3 * key * value + (3 * key + 2 * value) * seen_in_chunk(own.chunk);
        return static_cast<double>(time * own.heads) * static_cast<double>(Depth) * 2 * a_head;
      });
}

}  // namespace

systems::Measured systems::gated_delta_net(const Work& work) {
  return work.width == large.width ? measure_one<large, large_depth>(work)
                                   : measure_one<small, small_depth>(work);
}
