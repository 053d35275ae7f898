// SPDX-License-Identifier: Apache-2.0
#include <ttt/memory/percentile.hpp>

#include <doctest/doctest.h>

#include <vector>

namespace {

using namespace ttt;

TEST_SUITE("memory") {
  TEST_CASE("percentile is a number of the window, or on the line between two") {
    const std::vector<double> numbers{4, 1, 3, 2};
    CHECK(percentile(numbers, 0) == 1);
    CHECK(percentile(numbers, 50) == 2.5);
    CHECK(percentile(numbers, 100) == 4);
    CHECK(percentile(std::vector<double>{7}, 95) == 7);
  }

  TEST_CASE("the first window sets the threshold, later ones move it") {
    const PercentileFilter filter{.percent = 50, .decay = 0.75, .share = 0, .part = 2};
    const std::vector<double> losses{1, 3, 2};
    CHECK(filter(losses, std::nullopt).threshold == 2);
    CHECK(filter(losses, 6).threshold == 5);
  }

  TEST_CASE("a token is flagged if it is above the threshold in a part that surprises") {
    const PercentileFilter filter{.percent = 50, .decay = 1, .share = 0.8, .part = 2};
    const Flagged flagged = filter(std::vector<double>{0, 11, 9, 12, 10}, 10);
    CHECK(flagged.above == std::vector<bool>{false, true, false, true, false});
    CHECK(flagged.tokens == std::vector<bool>{false, false, false, true, false});
    // The last part has one token and is divided by two.
    CHECK(flagged.part_mean == std::vector<double>{5.5, 5.5, 10.5, 10.5, 5});
  }

  TEST_CASE("what only equals the threshold, or the share of it, is not flagged") {
    const PercentileFilter filter{.percent = 50, .decay = 1, .share = 0.5, .part = 2};
    CHECK(filter(std::vector<double>{10, 2}, 10).above[0] == false);
    const Flagged equal = filter(std::vector<double>{8, 0}, 8 - 1e-9);
    CHECK(equal.above[0]);
    CHECK(equal.tokens[0]);
    CHECK(filter(std::vector<double>{8, -1e-6}, 8 - 1e-9).tokens[0] == false);
  }
}

}  // namespace
