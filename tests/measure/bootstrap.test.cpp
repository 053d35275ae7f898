// SPDX-License-Identifier: Apache-2.0
#include <ttt/measure/bootstrap.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <vector>

namespace {

using namespace ttt;

TEST_SUITE("measure") {
  TEST_CASE("a document weighs as much as it has tokens") {
    const std::vector<measure::Pair> pairs{{.first = 1.0, .second = 2.0, .weight = 300.0},
                                           {.first = 5.0, .second = 2.0, .weight = 100.0}};
    CHECK(measure::paired_bootstrap(pairs).mean == doctest::Approx((-300.0 + 300.0) / 400.0));
  }

  TEST_CASE("models that differ by a constant differ by it in every resample") {
    std::vector<measure::Pair> pairs;
    for (int i = 0; i < 9; ++i)
      pairs.push_back({.first = i + 0.25, .second = 1.0 * i, .weight = 1.0 + i});
    const auto [mean, interval] = measure::paired_bootstrap(pairs);
    CHECK(mean == doctest::Approx(0.25));
    CHECK(interval.lower == doctest::Approx(0.25));
    CHECK(interval.upper == doctest::Approx(0.25));
  }

  TEST_CASE("the interval has the percentiles of all resamples that there are") {
    // Of the 27 resamples of differences {0, 1, 3} with weights {1, 1, 2}, the means are
    //   0 (1), 1/3 (3), 2/3 (3), 1 (1), 3/2 (3), 7/4 (6), 2 (3), 12/5 (3), 13/5 (3), 3 (1),
    // so that a tenth of them lies below 1/3 or at it, and a tenth above 13/5 or at it.
    const std::vector<measure::Pair> pairs{{.first = 0.0, .second = 0.0, .weight = 1.0},
                                           {.first = 1.0, .second = 0.0, .weight = 1.0},
                                           {.first = 3.0, .second = 0.0, .weight = 2.0}};
    const auto interval =
        measure::paired_bootstrap(pairs, {.resamples = 100'000, .confidence = 0.8}).interval;
    CHECK(interval.lower == doctest::Approx(1.0 / 3.0));
    CHECK(interval.upper == doctest::Approx(13.0 / 5.0));
  }

  TEST_CASE("over many documents the interval is that of the normal law") {
    std::vector<measure::Pair> pairs;
    Random random(2);
    double sum = 0.0;
    double squares = 0.0;
    constexpr int documents = 500;
    for (int i = 0; i < documents; ++i) {
      const double difference = 0.1 + random.normal();
      pairs.push_back({.first = difference, .second = 0.0, .weight = 7.0});
      sum += difference;
      squares += difference * difference;
    }
    const double mean = sum / documents;
    const double error = std::sqrt((squares / documents - mean * mean) / documents);
    const auto difference = measure::paired_bootstrap(pairs);
    CHECK(difference.mean == doctest::Approx(mean));
    // A percentile of 10000 resamples wavers by about 0.03 standard errors.
    CHECK(std::abs(difference.interval.lower - (mean - 1.96 * error)) < 0.15 * error);
    CHECK(std::abs(difference.interval.upper - (mean + 1.96 * error)) < 0.15 * error);
  }

  TEST_CASE("two models are as far apart as the bootstrap of their differences says") {
    const std::vector<measure::Pair> pairs{{.first = 0.0, .second = 1.0, .weight = 1.0},
                                           {.first = 2.0, .second = 0.0, .weight = 3.0},
                                           {.first = 1.0, .second = 0.75, .weight = 2.0}};
    const std::vector<measure::Sample> samples{{.value = -1.0, .weight = 1.0},
                                               {.value = 2.0, .weight = 3.0},
                                               {.value = 0.25, .weight = 2.0}};
    const auto [mean, interval] = measure::bootstrap(samples, {.resamples = 100});
    CHECK(mean == doctest::Approx(5.5 / 6.0));
    CHECK(measure::paired_bootstrap(pairs, {.resamples = 100}).mean == mean);
    CHECK(measure::paired_bootstrap(pairs, {.resamples = 100}).interval == interval);
    CHECK(interval.lower < mean);
    CHECK(interval.upper > mean);
  }

  TEST_CASE("the seed decides the interval and nothing else does") {
    const std::vector<measure::Pair> pairs{{.first = 0.0, .second = 1.0, .weight = 1.0},
                                           {.first = 2.0, .second = 0.0, .weight = 3.0},
                                           {.first = 1.0, .second = 0.7, .weight = 2.0}};
    const auto once = [&](std::uint64_t seed) {
      return measure::paired_bootstrap(pairs, {.resamples = 11, .seed = seed}).interval;
    };
    CHECK(once(4) == once(4));
    CHECK(once(4) != once(5));
  }

  TEST_CASE("a bootstrap without documents, weight, resamples or confidence is refused") {
    const std::vector<measure::Pair> pairs{{.first = 0.0, .second = 1.0, .weight = 1.0}};
    const std::vector<measure::Pair> weightless{{.first = 0.0, .second = 1.0, .weight = 0.0}};
    CHECK_THROWS_WITH_AS((void)measure::paired_bootstrap({}),
                         "paired_bootstrap: pairs must be one or more, got none", RangeError);
    CHECK_THROWS_WITH_AS((void)measure::bootstrap({}),
                         "bootstrap: samples must be one or more, got none", RangeError);
    CHECK_THROWS_WITH_AS((void)measure::paired_bootstrap(weightless),
                         "paired_bootstrap: weight must be positive", RangeError);
    CHECK_THROWS_WITH_AS((void)measure::paired_bootstrap(pairs, {.resamples = 0}),
                         "paired_bootstrap: resamples must be positive", RangeError);
    CHECK_THROWS_WITH_AS((void)measure::paired_bootstrap(pairs, {.confidence = 1.0}),
                         "paired_bootstrap: confidence must be between 0 and 1", RangeError);
  }
}

}  // namespace
