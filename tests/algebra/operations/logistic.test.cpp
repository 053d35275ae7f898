// SPDX-License-Identifier: Apache-2.0
#include <ttt/algebra/operations/logistic.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <type_traits>

#include "laws/causal.hpp"
#include "laws/operation.hpp"

namespace {

using namespace ttt;
using laws::normal;

TEST_SUITE("algebra") {
  TEST_CASE_TEMPLATE("logistic equals its plain loop", S, double, float) {
    Random random(1);
    const double tolerance = std::is_same_v<S, double> ? 1e-14 : 1e-6;
    for (const Index size : {1, 16, 33}) {
      const auto x = normal<S>(3, size, random, 3);
      const Matrix<S> y = logistic(x);
      for (Index at = 0; at < x.size(); ++at) {
        const double expected = 1 / (1 + std::exp(-static_cast<double>(x.data()[at])));
        CHECK(std::abs(static_cast<double>(y.data()[at]) - expected) < tolerance);
      }
    }
  }

  TEST_CASE("logistic is 0 far below zero and 1 far above") {
    Matrix<float> x(1, 3);
    x << -1e4F, 0, 1e4F;
    const Matrix<float> y = logistic(x);
    CHECK(y(0, 0) < 1e-30F);
    CHECK(y(0, 1) == 0.5F);
    CHECK(y(0, 2) == 1);
  }

  TEST_CASE("logistic has its derivatives") {
    Random random(2);
    for (const Index size : {1, 16, 17}) {
      CAPTURE(size);
      laws::check_operation(Logistic{}, normal(1, size, random, 2));
    }
  }

  TEST_CASE("logistic is causal") {
    Random random(3);
    laws::check_causal([](const Matrix<float>& x) { return logistic(x); },
                       normal<float>(5, 7, random));
  }
}

}  // namespace
