// SPDX-License-Identifier: Apache-2.0
#include <ttt/algebra/operations/excess_retention.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "laws/operation.hpp"

namespace {

using namespace ttt;
using laws::normal;
using M = Matrix<double>;

/// Logarithms of numbers between 0 and 1.
M retentions(Index time, Index cols, Random& random) {
  return -(normal(time, cols, random, 0.7).array().square() + 0.01);
}

TEST_SUITE("algebra") {
  TEST_CASE("excess_retention equals its plain loops") {
    Random random(1);
    for (const Index cols : {1, 3, 17}) {
      for (const Index delay : {0, 1, 4, 30}) {
        CAPTURE(cols);
        CAPTURE(delay);
        const M x = retentions(20, cols, random);
        const M y = excess_retention(x, delay, 1.2);
        for (Index t = 0; t < 20; ++t) {
          for (Index c = 0; c < cols; ++c) {
            double sum = 0;
            for (Index i = 0; i <= t - delay; ++i) {
              sum += std::pow(std::exp(x(i, c)), static_cast<double>(t - i));
            }
            CHECK(y(t, c) == doctest::Approx(std::max(0.0, sum - 1.2)).epsilon(1e-12));
          }
        }
      }
    }
  }

  TEST_CASE("excess_retention counts rows whose weight stays 1") {
    const M y = excess_retention(M(M::Zero(6, 2)), 2, 3);
    for (const Index c : {0, 1}) {
      for (Index t = 0; t < 6; ++t)
        CHECK(y(t, c) == static_cast<double>(std::max<Index>(0, t - 4)));
    }
  }

  TEST_CASE("excess_retention has its derivatives, which are zero below the capacity") {
    Random random(2);
    for (const Index time : {1, 9, 17}) {
      CAPTURE(time);
      laws::check_operation(ExcessRetention{.delay = 0, .capacity = 1.1},
                            retentions(time, 2, random));
      laws::check_operation(ExcessRetention{.delay = 2, .capacity = 0.6},
                            retentions(time, 3, random));
      laws::check_operation(ExcessRetention{.delay = 1, .capacity = 100},
                            retentions(time, 1, random));
    }
  }
}

}  // namespace
