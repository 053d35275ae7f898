// SPDX-License-Identifier: Apache-2.0
#include <ttt/learn/adjoint.hpp>

#include <doctest/doctest.h>

#include "laws/texts.hpp"

namespace {

using namespace ttt;
using laws::Small;

TEST_SUITE("learn") {
  TEST_CASE("stored activations give the meta-gradient that activations computed again give") {
    const auto params = laws::lively_params<Small>(3);
    std::vector<Token> text;
    for (Index t = 0; t <= 6 * Small::spec.chunk; ++t)
      text.push_back(static_cast<Token>(t * t % 13));
    const InnerLoop<> inner{.optimiser = {.rate = 0.5, .max_norm = 0.8, .momentum = 0.3}};
    for (const Order order : {Order::first, Order::second}) {
      const MetaLearner<Small, Matrix<double>> stores({.inner = inner, .order = order});
      const MetaLearner<Small, Matrix<double>> recomputes(
          {.inner = inner, .order = order, .checkpointing = Checkpointing::recomputed});
      auto stored = stores.gradient(params, {.tokens = text});
      auto recomputed = recomputes.gradient(params, {.tokens = text});
      CHECK(stored.loss == recomputed.loss);
      CHECK(stored.inner_norm == recomputed.inner_norm);
      for_each_array(
          [](const Leaf& leaf, const Matrix<double>& a, const Matrix<double>& b) {
            if (a.size() == 0) return;
            CAPTURE(leaf.name);
            CHECK((a - b).cwiseAbs().maxCoeff() <= 1e-13 * b.cwiseAbs().maxCoeff());
          },
          stored.params, recomputed.params);
    }
  }
}

}  // namespace
