// SPDX-License-Identifier: Apache-2.0
#include "reference/cross_entropy.hpp"

#include <ttt/algebra/operations/cross_entropy.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "laws/causal.hpp"
#include "laws/operation.hpp"

namespace {

using namespace ttt;
using laws::normal;

/// Rounding of a sum over the vocabulary.
template <class S>
constexpr double tolerance = 1e-12;
template <>
constexpr double tolerance<float> = 1e-5;

TEST_SUITE("algebra") {
  TEST_CASE_TEMPLATE("cross_entropy equals its plain loop", S, double, float) {
    Random random(1);
    for (const Index vocab : {1, 2, 15, 16, 17, 33, 300}) {
      CAPTURE(vocab);
      const auto x = normal<S>(9, vocab, random, 2);
      const auto targets = laws::drawn_tokens(9, vocab, random);
      CHECK(
          (cross_entropy(x, targets).template cast<double>() - reference::cross_entropy(x, targets))
              .cwiseAbs()
              .maxCoeff() < tolerance<S>);
    }
  }

  TEST_CASE("Equal logits surprise by the logarithm of the vocabulary, however large they are") {
    for (const float level : {0.0F, 1e4F, -1e4F}) {
      const Matrix<float> x = Matrix<float>::Constant(2, 61, level);
      const auto y = cross_entropy(x, std::vector<Token>{0, 60});
      CHECK(y(0, 0) == doctest::Approx(std::log(61.0)).epsilon(1e-4));
      CHECK(y(1, 0) == y(0, 0));
    }
  }

  TEST_CASE("cross_entropy has its derivatives") {
    Random random(2);
    for (const Index vocab : {2, 15, 16, 17, 33}) {
      CAPTURE(vocab);
      laws::check_operation(CrossEntropy{laws::drawn_tokens(3, vocab, random)},
                            normal(3, vocab, random));
    }
  }

  TEST_CASE("cross_entropy is causal") {
    Random random(3);
    const auto targets = laws::drawn_tokens(6, 17, random);
    laws::check_causal([&](const Matrix<float>& x) { return cross_entropy(x, targets); },
                       normal<float>(6, 17, random));
  }

  TEST_CASE("cross_entropy refuses targets that do not fit") {
    const Matrix<double> x = Matrix<double>::Zero(2, 5);
    const auto surprisal = [&](const std::vector<Token>& targets) {
      return cross_entropy(x, targets);
    };
    CHECK_THROWS_WITH_AS(surprisal({0}), "cross_entropy: logits must be [1, *], got [2, 5]",
                         ShapeError);
    CHECK_THROWS_WITH_AS(surprisal({0, 5}), "cross_entropy: target must be in 0..4, got 5",
                         RangeError);
    CHECK_THROWS_WITH_AS(surprisal({-1, 0}), "cross_entropy: target must be in 0..4, got -1",
                         RangeError);
  }
}

}  // namespace
