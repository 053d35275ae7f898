// SPDX-License-Identifier: Apache-2.0
#include <ttt/measure/proportion.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace {

using namespace ttt;

/// Six printed decimals.
constexpr double printed = 5e-7;

TEST_SUITE("measure") {
  TEST_CASE("Wilson's interval has its known values") {
    struct Known {
      Index successes, trials;
      double lower, upper;
    };
    for (const auto& [successes, trials, lower, upper] :
         std::vector<Known>{{0, 50, 0.0, 0.071350},
                            {0, 750, 0.0, 0.005096},
                            {5, 50, 0.043475, 0.213605},
                            {11, 30, 0.218737, 0.544868}}) {
      CAPTURE(successes);
      CAPTURE(trials);
      const measure::Interval interval = measure::wilson(successes, trials);
      CHECK(std::abs(interval.lower - lower) < printed);
      CHECK(std::abs(interval.upper - upper) < printed);
    }
  }

  TEST_CASE("Wilson's interval of failures mirrors that of successes") {
    const auto few = measure::wilson(3, 40);
    const auto many = measure::wilson(37, 40);
    CHECK(few.lower == doctest::Approx(1.0 - many.upper));
    CHECK(few.upper == doctest::Approx(1.0 - many.lower));
  }

  TEST_CASE("McNemar's exact probability has its known values") {
    CHECK(std::abs(measure::mcnemar(0, 5) - 0.0625) < printed);
    CHECK(std::abs(measure::mcnemar(0, 6) - 0.03125) < printed);
    CHECK(std::abs(measure::mcnemar(3, 12) - 0.035156) < printed);
    CHECK(measure::mcnemar(7, 7) == 1.0);
    CHECK(measure::mcnemar(0, 0) == 1.0);
    CHECK(measure::mcnemar(12, 3) == measure::mcnemar(3, 12));
  }

  TEST_CASE("McNemar's probability agrees with the sum over Pascal's triangle") {
    for (Index n = 1; n <= 30; ++n) {
      std::vector<double> row{1.0};  // C(n, i) / 2^n
      for (Index level = 0; level < n; ++level) {
        row.push_back(0.0);
        for (std::size_t i = row.size() - 1; i > 0; --i) row[i] = (row[i] + row[i - 1]) / 2.0;
        row[0] /= 2.0;
      }
      double sum = 0.0;
      for (Index b = 0; b <= n / 2; ++b) {
        sum += row[static_cast<std::size_t>(b)];
        CAPTURE(n);
        CAPTURE(b);
        CHECK(measure::mcnemar(b, n - b) ==
              doctest::Approx(std::min(1.0, 2.0 * sum)).epsilon(1e-12));
      }
    }
  }

  TEST_CASE("McNemar's probability survives more samples than a double has powers of two") {
    // The sum in whole numbers of any size, divided at the end.
    CHECK(measure::mcnemar(4902, 5098) == doctest::Approx(0.05117069076829621).epsilon(1e-9));
  }

  TEST_CASE("counts that cannot be are refused") {
    CHECK_THROWS_WITH_AS((void)measure::wilson(3, 2),
                         "wilson: successes must be in 0..trials with trials positive, got 3 of 2",
                         RangeError);
    CHECK_THROWS_AS((void)measure::wilson(0, 0), RangeError);
    CHECK_THROWS_AS((void)measure::wilson(-1, 2), RangeError);
    CHECK_THROWS_WITH_AS((void)measure::mcnemar(4, -1),
                         "mcnemar: counts must not be negative, got -1", RangeError);
  }
}

}  // namespace
