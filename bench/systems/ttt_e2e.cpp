// SPDX-License-Identifier: Apache-2.0
#include <ttt/model/systems.hpp>

#include "measure.hpp"

namespace {

using namespace systems;

/// With as many parameters as the others have: fewer units, since a learning block has two SwiGLU.
constexpr ModelSpec learning(ModelSpec spec, Index hidden) {
  spec.hidden = hidden;
  spec.chunk = spec.window / 4;
  return checked(spec);
}

template <ModelSpec Spec, std::size_t Depth, std::size_t Learning>
Measured measure_one(const Work& work) {
  return measure<TttE2e<Spec, Depth, Learning>>(
      work, {{"learning", static_cast<Index>(Learning)}}, [](Index time) {
        return static_cast<double>(Depth) * attention_products(time, Spec.window, Spec.width);
      });
}

}  // namespace

systems::Measured systems::ttt_e2e(const Work& work) {
  return work.width == large.width ? measure_one<learning(large, 1664), large_depth, 3>(work)
                                   : measure_one<learning(small, 512), small_depth, 2>(work);
}
