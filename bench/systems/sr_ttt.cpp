// SPDX-License-Identifier: Apache-2.0
#include <ttt/model/systems.hpp>

#include "measure.hpp"

namespace {

using namespace systems;

/// As published: short chunks, its own norms and initial values.
constexpr ModelSpec published(ModelSpec spec) {
  spec.norms = Norms::before;
  spec.norm = NormKind::layer;
  spec.chunk = 16;
  spec.init = {.gain = 0.5};
  return checked(spec);
}

/// Beside the products with weights, those of the window's queries are counted; those of the
/// inner model are weights, which are learned.
template <ModelSpec Spec, std::size_t Depth>
Measured measure_one(const Work& work) {
  return measure<SrTtt<Spec, Depth>>(work, {}, [](Index time) {
    return static_cast<double>(Depth) * attention_products(time, Spec.window, Spec.width);
  });
}

}  // namespace

systems::Measured systems::sr_ttt(const Work& work) {
  return work.width == large.width ? measure_one<published(large), large_depth>(work)
                                   : measure_one<published(small), small_depth>(work);
}
