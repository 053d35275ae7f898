// SPDX-License-Identifier: Apache-2.0
#include <ttt/model/systems.hpp>

#include "measure.hpp"

namespace {

using namespace systems;

template <ModelSpec Spec, std::size_t Depth>
Measured measure_one(const Work& work) {
  return measure<SlidingWindow<Spec, Depth>>(work, {}, [](Index time) {
    return static_cast<double>(Depth) * attention_products(time, Spec.window, Spec.width);
  });
}

}  // namespace

systems::Measured systems::sliding_window(const Work& work) {
  return work.width == large.width ? measure_one<large, large_depth>(work)
                                   : measure_one<small, small_depth>(work);
}
