// SPDX-License-Identifier: Apache-2.0
#include <ttt/model/systems.hpp>

#include "measure.hpp"

namespace {

using namespace systems;

constexpr Index batch = TttLayer<>{}.chunk;

template <ModelSpec Spec, std::size_t Depth, Backbone Around>
Measured measure_one(const Work& work) {
  return measure<TttLinear<normed_before(Spec), Depth, Around>>(
      work, {{"mini_batch", batch}}, [](Index time) {
        const auto head = static_cast<double>(head_of(Spec));
        // Of keys, queries and the update with W, the first is counted with the weights.
        const double a_head = 2 * head * head + 2 * head * seen_in_chunk(batch);
        return static_cast<double>(time * Spec.heads) * static_cast<double>(Depth) * 2 * a_head;
      });
}

template <Backbone Around>
Measured measure_at(const Work& work) {
  return work.width == large.width ? measure_one<large, large_depth, Around>(work)
                                   : measure_one<small, small_depth, Around>(work);
}

}  // namespace

systems::Measured systems::ttt_linear(const Work& work) {
  return measure_at<Backbone::transformer>(work);
}

systems::Measured systems::ttt_linear_mamba(const Work& work) {
  return measure_at<Backbone::mamba>(work);
}
