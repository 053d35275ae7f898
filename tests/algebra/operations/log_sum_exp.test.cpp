// SPDX-License-Identifier: Apache-2.0
#include <ttt/algebra/operations/log_sum_exp.hpp>

#include <doctest/doctest.h>

#include <cmath>

#include "laws/operation.hpp"

namespace {

using namespace ttt;
using laws::normal;
using M = Matrix<double>;

TEST_SUITE("algebra") {
  TEST_CASE("log_sum_exp equals its plain loop") {
    Random random(1);
    for (const Index time : {1, 15, 16, 17, 33}) {
      CAPTURE(time);
      const M x = normal(time, 1, random, 3);
      double total = 0;
      for (Index t = 0; t < time; ++t) total += std::exp(0.7 * x(t, 0));
      CHECK(log_sum_exp(x, 0.7)(0, 0) == doctest::Approx(std::log(total) / 0.7).epsilon(1e-13));
    }
  }

  TEST_CASE("log_sum_exp is at least the maximum, and close to it where it is sharp") {
    M x(3, 1);
    x << 1e4, -1e4, 9990;
    CHECK(log_sum_exp(x)(0, 0) == doctest::Approx(1e4 + std::log1p(std::exp(-10.0))));
    CHECK(log_sum_exp(x, 50)(0, 0) == 1e4);
  }

  TEST_CASE("log_sum_exp has its derivatives") {
    Random random(2);
    for (const Index time : {1, 16, 17}) {
      CAPTURE(time);
      laws::check_operation(LogSumExp{.sharpness = 1.5}, normal(time, 1, random));
    }
  }

  TEST_CASE("log_sum_exp refuses what is no column") {
    CHECK_THROWS_WITH_AS(log_sum_exp(M(M::Zero(3, 2))), "log_sum_exp: x must be [3, 1], got [3, 2]",
                         ShapeError);
  }
}

}  // namespace
