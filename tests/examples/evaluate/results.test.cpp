// SPDX-License-Identifier: Apache-2.0
#include "evaluate/results.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>
#include <sstream>
#include <string>
#include <vector>

namespace {

using namespace ttt;
using evaluating::Results;

/// A text of `count` tokens that each cost `nats`, and stand for `bytes` bytes.
measure::Scored text(std::size_t count, float nats, Index bytes = 1) {
  return {.nats = std::vector<float>(count, nats), .bytes = std::vector<Index>(count, bytes)};
}

TEST_SUITE("examples/evaluate") {
  TEST_CASE("a text of tokens of two bytes costs half its nats a byte, and e to its nats a token") {
    const Results results({"one"}, std::vector{text(100, 1.5F, 2)});
    CHECK(results.all.sums.tokens == 100);
    CHECK(results.all.sums.bytes == 200);
    CHECK(results.all.sums.nats_per_token() == doctest::Approx(1.5));
    CHECK(results.all.sums.bits_per_byte() == doctest::Approx(0.75 / std::numbers::ln2));
    CHECK(results.all.perplexity() == doctest::Approx(std::exp(1.5)));
  }

  TEST_CASE("texts weigh as much as they have tokens, in all and at each position") {
    const Results results({"short", "long"}, std::vector{text(64, 4), text(192, 2)});
    CHECK(results.all.sums.nats_per_token() == doctest::Approx(2.5));
    REQUIRE(results.by_position.size() == 3);
    CHECK(results.by_position[0].sums.nats_per_token() == doctest::Approx(3));
    CHECK(results.by_position[1].sums.nats_per_token() == doctest::Approx(2));
    CHECK(results.by_position[2].sums.end == 192);
  }

  TEST_CASE("an interval needs five texts, or five stretches of the only one") {
    std::vector<measure::Scored> texts;
    std::vector<std::string> names;
    for (int n = 1; n <= 5; ++n) {
      CHECK(!(n > 1 && Results(names, texts).all.interval));
      names.push_back(std::to_string(n));
      texts.push_back(text(static_cast<std::size_t>(40 * n), static_cast<float>(n)));
    }
    const Results results(names, texts);
    REQUIRE(results.all.interval);
    CHECK(results.all.interval->lower > 1);
    CHECK(results.all.interval->lower < results.all.sums.nats_per_token());
    CHECK(results.all.interval->upper > results.all.sums.nats_per_token());
    CHECK(results.by_position.front().interval);
    CHECK(!results.by_position.back().interval);  // to which one text reaches

    const auto only = [](std::size_t count) {
      return Results({"only"}, std::vector{text(count, 1)});
    };
    CHECK(!only(4 * 4096).all.interval);
    CHECK(only(4 * 4096 + 1).all.interval);
  }

  TEST_CASE("a table in Markdown has a row for each text, for all, and for each bin") {
    std::ostringstream out;
    evaluating::print(out, Results({"a|b\x1b", "c"}, std::vector{text(32, 1), text(64, 1)}));
    const std::string wanted =
        " | tokens | bytes | nats per token | 95 % interval | bits per byte | perplexity |\n"
        "| --- | ---: | ---: | ---: | :---: | ---: | ---: |\n";
    CHECK(out.str() == "| text" + wanted +
                           "| a\\|b\\x1b | 32 | 32 | 1.0000 | - | 1.4427 | 2.718 |\n"
                           "| c | 64 | 64 | 1.0000 | - | 1.4427 | 2.718 |\n"
                           "| all | 96 | 96 | 1.0000 | - | 1.4427 | 2.718 |\n\n| position" +
                           wanted + "| 0 to 64 | 96 | 96 | 1.0000 | - | 1.4427 | 2.718 |\n");
  }

  TEST_CASE("the chart has a point for each bin, with its interval") {
    const std::vector<measure::Scored> texts(5, text(128, 2));
    const Results results({"1", "2", "3", "4", "5"}, texts);
    const support::Chart chart = evaluating::chart_of(results, "toy");
    REQUIRE(chart.series.size() == 1);
    CHECK(chart.series[0].name == "toy");
    REQUIRE(chart.series[0].points.size() == 2);
    CHECK(chart.series[0].points[1].x == doctest::Approx(std::sqrt(64.0 * 128.0)));
    CHECK(chart.series[0].points[1].y == 2);
    CHECK(chart.series[0].points[1].lower == 2);
    CHECK(chart.series[0].points[1].upper == 2);
  }
}

}  // namespace
