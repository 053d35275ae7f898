// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/learn/adjoint.hpp>

#include <doctest/doctest.h>

#include <vector>

#include "laws/gradient.hpp"
#include "laws/texts.hpp"

namespace laws {

template <class Model>
std::vector<Token> text(Index chunks, std::uint64_t seed) {
  Random random(seed);
  return drawn_tokens(chunks * Model::spec.chunk + 1, Model::spec.vocab, random);
}

/// The meta-gradient equals the difference quotient of the loss, for every parameter, where some
/// chunks clip and some do not.
template <class Model, class Inner>
void check_meta_gradient(Inner inner, Index clipped, std::uint64_t seed = 1) {
  const auto params = lively_params<Model>(seed);
  const auto tokens = text<Model>(5, seed);
  const MetaLearner<Model, Matrix<double>, Inner> learner({.inner = inner});
  const auto gradient = learner.gradient(params, {.tokens = tokens});
  Index at_bound = 0;
  for (const double norm : gradient.inner_norm) {
    CAPTURE(norm);
    CHECK(std::abs(norm - inner.optimiser.max_norm) > 1e-2);  // the quotient stays on one side
    if (inner.optimiser.max_norm > 0 && norm > inner.optimiser.max_norm) ++at_bound;
  }
  CHECK(at_bound == clipped);
  check_gradient(params, gradient.params, [&](const auto& moved) {
    return learner.gradient(moved, {.tokens = tokens}).loss;
  });
}

}  // namespace laws
