// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/model/systems.hpp>

#include <cstddef>

#include "measure.hpp"

namespace systems {

/// Tokens of an inner step.
inline constexpr Index mini_batch = TttLayer<>{}.chunk;

/// Products that a token takes in a head of so many features of a linear inner model: of keys,
/// queries and the update with W, the first is counted with the weights.
[[nodiscard]] constexpr double of_linear_head(double head) {
  return 2 * head * head + 2 * head * seen_in_chunk(mini_batch);
}

/// The same of an inner MLP: with W1 keys, queries and the update, with W2 these and what comes
/// back; of each the first is counted with the weights.
[[nodiscard]] constexpr double of_mlp_head(double head) {
  const double hidden = 4 * head;
  return 5 * head * hidden + 2 * (head + hidden) * seen_in_chunk(mini_batch);
}

/// Operations of the products of the inner models of a layer.
template <class OfHead>
[[nodiscard]] double inner_products(Index time, const ModelSpec& spec, const OfHead& of_head) {
  return static_cast<double>(time * spec.heads) * 2 * of_head(static_cast<double>(head_of(spec)));
}

/// A system of TTT layers at the width that is asked for. `of_head(features)` is how many products
/// a token takes in a head of so many features, but for those with weights.
template <template <ModelSpec, std::size_t, Backbone> class System, Backbone Around, class OfHead>
[[nodiscard]] Measured measure_ttt(const Work& work, const OfHead& of_head) {
  const auto at = [&]<ModelSpec Spec, std::size_t Depth>() {
    return measure<System<normed_before(Spec), Depth, Around>>(
        work, {{"mini_batch", mini_batch}}, [&](Index time) {
          return static_cast<double>(Depth) * inner_products(time, Spec, of_head);
        });
  };
  return work.width == large.width ? at.template operator()<large, large_depth>()
                                   : at.template operator()<small, small_depth>();
}

}  // namespace systems
