// SPDX-License-Identifier: Apache-2.0
#include <ttt/model/dynamic_evaluation.hpp>
#include <ttt/model/systems.hpp>

#include "measure.hpp"

namespace {

using namespace systems;

/// A sliding window whose SwiGLUs learn from each chunk.
template <ModelSpec Spec, std::size_t Depth>
Measured measure_one(const Work& work) {
  using Model = SlidingWindow<Spec, Depth>;
  return measure<Model>(
      work, {},
      [](Index time) {
        return static_cast<double>(Depth) * attention_products(time, Spec.window, Spec.width);
      },
      ttt::dynamic_evaluation<Model>({.fast = {"feed_forward"}}));
}

/// With a step as often as TTT-E2E takes one.
constexpr ModelSpec stepping(ModelSpec spec) {
  spec.chunk = spec.window / 4;
  return checked(spec);
}

}  // namespace

systems::Measured systems::dynamic_evaluation(const Work& work) {
  return work.width == large.width ? measure_one<stepping(large), large_depth>(work)
                                   : measure_one<stepping(small), small_depth>(work);
}
