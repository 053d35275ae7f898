// SPDX-License-Identifier: Apache-2.0
#include "laws/admit.hpp"

#include <ttt/layer/layer.hpp>

namespace {

using namespace ttt;

/// Which of tokens with these signals may compete.
std::vector<bool> admitted(const auto& admit, const std::vector<double>& signals) {
  std::vector<Entry> offered;
  for (const double signal : signals) offered.push_back({.signal = signal});
  std::vector<bool> answers;
  for (std::size_t n = 0; n < offered.size(); ++n) answers.push_back(admit(offered, n));
  return answers;
}

/// Reads keep scores.
struct ByKeepScore : admit::All {
  static constexpr PolicyTraits traits{.keep_score = true};
};

/// Tokens from a threshold on, and their neighbours.
constexpr admit::WithNeighbours<admit::AtLeast> neighbours(Index reach, double threshold) {
  return {.reach = reach, .first = {.threshold = threshold}};
}

TEST_SUITE("memory") {
  TEST_CASE_TEMPLATE("every Admit is pure", P, admit::All, admit::None,
                     With<admit::AtLeast{.threshold = 1}>, With<admit::AtLeast{.threshold = -0.5}>,
                     With<neighbours(0, 3)>, With<neighbours(2, 3)>,
                     With<admit::WithNeighbours<admit::WithNeighbours<admit::None>>{.reach = 3}>) {
    laws::check_admit<P>();
  }

  TEST_CASE("All admits every token, None none") {
    CHECK(admitted(admit::All{}, {-9, 0, 9}) == std::vector{true, true, true});
    CHECK(admitted(admit::None{}, {-9, 0, 9}) == std::vector{false, false, false});
  }

  TEST_CASE("AtLeast admits from its threshold on") {
    CHECK(admitted(admit::AtLeast{.threshold = 1.5}, {1.499, 1.5, 7, -2}) ==
          std::vector{false, true, true, false});
    CHECK(admitted(admit::AtLeast{.threshold = -1}, {-1.001, -1, 0}) ==
          std::vector{false, true, true});
  }

  TEST_CASE("WithNeighbours reads keep scores where the policy inside does, under With too") {
    CHECK(detail::traits_of<admit::WithNeighbours<ByKeepScore>>.keep_score);
    CHECK(detail::traits_of<With<admit::WithNeighbours<ByKeepScore>{.reach = 2}>>.keep_score);
    CHECK(!detail::traits_of<admit::WithNeighbours<admit::All>>.keep_score);
  }

  TEST_CASE("WithNeighbours admits up to its reach on either side, among the offered") {
    const std::vector<double> signals{0, 0, 0, 5, 0, 0, 0, 0};
    CHECK(admitted(neighbours(0, 3), signals) ==
          std::vector{false, false, false, true, false, false, false, false});
    CHECK(admitted(neighbours(2, 3), signals) ==
          std::vector{false, true, true, true, true, true, false, false});
    CHECK(admitted(neighbours(100, 3), signals) == std::vector<bool>(8, true));
    CHECK(admitted(neighbours(100, 9), signals) == std::vector<bool>(8, false));
  }
}

}  // namespace
