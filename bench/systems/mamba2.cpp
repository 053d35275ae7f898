// SPDX-License-Identifier: Apache-2.0
#include <ttt/model/systems.hpp>

#include "measure.hpp"

namespace {

using namespace systems;

/// Two blocks for one of the others: a block has about half as many parameters.
template <ModelSpec Spec, std::size_t Depth>
Measured measure_one(const Work& work) {
  static constexpr Mamba2 mixer{};
  static constexpr auto shape = mixer.shape(Spec);
  return measure<Mamba2Model<normed_before(Spec), 2 * Depth>>(
      work, {{"state", mixer.state}, {"scan_head", shape.inner / shape.heads}}, [](Index time) {
        const auto inner = static_cast<double>(shape.inner);
        const auto state = static_cast<double>(mixer.state);
        const double a_token = 2 * inner * state + (inner + state) * seen_in_chunk(mixer.chunk);
        return static_cast<double>(time) * static_cast<double>(2 * Depth) * 2 * a_token;
      });
}

}  // namespace

systems::Measured systems::mamba2(const Work& work) {
  return work.width == large.width ? measure_one<large, large_depth>(work)
                                   : measure_one<small, small_depth>(work);
}
