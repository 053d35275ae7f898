// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/model/systems.hpp>

#include <cstddef>

#include "measure.hpp"

namespace systems {

/// Tokens of an inner step.
inline constexpr Index mini_batch = TttLayer<>{}.chunk;

/// A system of TTT layers at the width that is asked for. `of_head(features)` is how many products
/// a token takes in a head of so many features, but for those with weights.
template <template <ModelSpec, std::size_t, Backbone> class System, Backbone Around, class OfHead>
[[nodiscard]] Measured measure_ttt(const Work& work, const OfHead& of_head) {
  const auto at = [&]<ModelSpec Spec, std::size_t Depth>() {
    return measure<System<normed_before(Spec), Depth, Around>>(
        work, {{"mini_batch", mini_batch}}, [&](Index time) {
          return static_cast<double>(time * Spec.heads) * static_cast<double>(Depth) * 2 *
                 of_head(static_cast<double>(head_of(Spec)));
        });
  };
  return work.width == large.width ? at.template operator()<large, large_depth>()
                                   : at.template operator()<small, small_depth>();
}

}  // namespace systems
