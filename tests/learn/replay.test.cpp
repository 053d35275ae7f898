// SPDX-License-Identifier: Apache-2.0
#include <ttt/learn/adjoint.hpp>

#include <doctest/doctest.h>

#include "laws/texts.hpp"

namespace {

using namespace ttt;
using laws::Small;

TEST_SUITE("learn") {
  TEST_CASE("keeping what was computed gives the meta-gradient that computing it again gives") {
    const auto params = laws::lively_params<Small>(3);
    std::vector<Token> text;
    for (Index t = 0; t <= 6 * Small::spec.chunk; ++t)
      text.push_back(static_cast<Token>(t * t % 13));
    const InnerLoop<> inner{.optimiser = {.rate = 0.5, .clip = 0.8, .momentum = 0.3}};
    for (const Order order : {Order::first, Order::second}) {
      const MetaLearner<Small, double> keeps(inner, order, Replay::kept);
      const MetaLearner<Small, double> recomputes(inner, order, Replay::recomputed);
      auto kept = keeps.gradient(params, {.tokens = text});
      auto recomputed = recomputes.gradient(params, {.tokens = text});
      CHECK(kept.loss == recomputed.loss);
      CHECK(kept.inner_norm == recomputed.inner_norm);
      for_each_array(
          [](const Leaf& leaf, const Matrix<double>& a, const Matrix<double>& b) {
            if (a.size() == 0) return;
            CAPTURE(leaf.name);
            CHECK((a - b).cwiseAbs().maxCoeff() <= 1e-13 * b.cwiseAbs().maxCoeff());
          },
          kept.params, recomputed.params);
    }
  }
}

}  // namespace
