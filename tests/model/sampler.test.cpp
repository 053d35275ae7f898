// SPDX-License-Identifier: Apache-2.0
#include <ttt/model/sampler.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace {

using namespace ttt;

constexpr int draws = 40'000;

/// The logits of given probabilities, moved by a constant that no sampler may notice.
std::vector<double> logits(const std::vector<double>& probabilities) {
  std::vector<double> row;
  for (const double p : probabilities) row.push_back(std::log(p) + 50);
  return row;
}

/// Tokens come as often as they should: no impossible one, and the others within a bound of
/// chi-square that is exceeded once in a thousand.
void check_frequencies(Nucleus sampler, const std::vector<double>& given,
                       const std::vector<double>& wanted) {
  std::vector<int> counts(given.size());
  const std::vector<double> row = logits(given);
  for (int i = 0; i < draws; ++i) ++counts[static_cast<std::size_t>(sampler(row))];
  double chi_square = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    CAPTURE(i);
    const double expected = wanted[i] * draws;
    if (wanted[i] == 0) {
      CHECK(counts[i] == 0);
    } else {
      chi_square += (counts[i] - expected) * (counts[i] - expected) / expected;
    }
  }
  CHECK(chi_square < 18.5);  // four degrees of freedom at most
}

TEST_SUITE("model") {
  TEST_CASE("Greedy takes the most probable token, and the first of equals") {
    CHECK(Greedy{}(std::vector<double>{-1, 3, 2, 3, -7}) == 1);
    CHECK(Greedy{}(std::vector<double>{-5, -4, -3, -2, -1}) == 4);
  }

  TEST_CASE("with_temperature draws each token as often as its probability says") {
    check_frequencies(with_temperature(1, 1), {0.1, 0.4, 0.2, 0.05, 0.25},
                      {0.1, 0.4, 0.2, 0.05, 0.25});
  }

  TEST_CASE("with_temperature divides the logits") {
    // A half squares the odds, two takes their root.
    check_frequencies(with_temperature(0.5, 2), {0.5, 0.25, 0.25, 1e-9},
                      {4.0 / 6, 1.0 / 6, 1.0 / 6, 1e-17});
    check_frequencies(with_temperature(2, 3), {0.64, 0.16, 0.16, 0.04},
                      {0.8 / 1.8, 0.4 / 1.8, 0.4 / 1.8, 0.2 / 1.8});
  }

  TEST_CASE("top_p draws from the fewest most probable tokens that reach the probability p") {
    const std::vector<double> given{0.1, 0.4, 0.2, 0.05, 0.25};
    check_frequencies(top_p(1, 4), given, given);
    check_frequencies(top_p(0.8, 5), given, {0, 0.4 / 0.85, 0.2 / 0.85, 0, 0.25 / 0.85});
    check_frequencies(top_p(0.6, 6), given, {0, 0.4 / 0.65, 0, 0, 0.25 / 0.65});
    check_frequencies(top_p(0.39, 7), given, {0, 1, 0, 0, 0});
    check_frequencies(top_p(1e-9, 8), given, {0, 1, 0, 0, 0});
  }

  TEST_CASE("p and temperature work together: the temperature comes first") {
    check_frequencies(Nucleus({.p = 0.75, .temperature = 0.5, .seed = 9}), {0.5, 0.25, 0.25, 1e-9},
                      {0.8, 0.2, 0, 0});
  }

  TEST_CASE("With p 1, draws are those from all tokens") {
    const std::vector<double> row = logits({0.1, 0.4, 0.2, 0.05, 0.25});
    Nucleus all = with_temperature(1, 10);
    Nucleus nucleus = top_p(1, 10);
    for (int i = 0; i < 1000; ++i) CHECK(nucleus(row) == all(row));
  }

  TEST_CASE("Where the temperature or p goes to 0, draws become those of Greedy") {
    Random random(11);
    Nucleus cold = with_temperature(1e-6, 12);
    Nucleus colder = with_temperature(std::numeric_limits<double>::min(), 13);
    Nucleus narrow = top_p(std::numeric_limits<double>::min(), 14);
    for (int i = 0; i < 200; ++i) {
      std::vector<double> row(7);
      for (double& logit : row) logit = 5 * random.normal();
      const Token most_probable = Greedy{}(row);
      CHECK(cold(row) == most_probable);
      CHECK(colder(row) == most_probable);
      CHECK(narrow(row) == most_probable);
    }
  }

  TEST_CASE("The same seed draws the same tokens, another seed others") {
    const std::vector<double> row = logits({0.1, 0.4, 0.2, 0.05, 0.25});
    const auto drawn = [&](std::uint64_t seed) {
      Nucleus sampler = top_p(0.9, seed);
      std::vector<Token> tokens;
      for (int i = 0; i < 50; ++i) tokens.push_back(sampler(row));
      return tokens;
    };
    CHECK(drawn(1) == drawn(1));
    CHECK(drawn(1) != drawn(2));
  }

  TEST_CASE("Nucleus refuses a p or a temperature out of range") {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    CHECK_THROWS_WITH_AS(static_cast<void>(top_p(0, 1)),
                         "Nucleus: p must be in (0, 1], got 0.000000", RangeError);
    CHECK_THROWS_WITH_AS(static_cast<void>(top_p(1.5, 1)),
                         "Nucleus: p must be in (0, 1], got 1.500000", RangeError);
    CHECK_THROWS_WITH_AS(static_cast<void>(top_p(-1, 1)),
                         "Nucleus: p must be in (0, 1], got -1.000000", RangeError);
    CHECK_THROWS_AS(static_cast<void>(top_p(nan, 1)), RangeError);
    CHECK_THROWS_WITH_AS(
        static_cast<void>(with_temperature(0, 1)),
        "Nucleus: temperature must be positive, got 0.000000; Greedy is the limit at 0",
        RangeError);
    CHECK_THROWS_WITH_AS(
        static_cast<void>(with_temperature(-2, 1)),
        "Nucleus: temperature must be positive, got -2.000000; Greedy is the limit at 0",
        RangeError);
    CHECK_THROWS_AS(static_cast<void>(with_temperature(nan, 1)), RangeError);
  }
}

}  // namespace
