// SPDX-License-Identifier: Apache-2.0
#include "read_book/results.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "read_book/forecast.hpp"

namespace {

using namespace ttt;
using reading::Readings;

/// Readings of one text of so many bytes, in which learning saves half a nat.
std::vector<Readings> readings_of(Index bytes) {
  Readings readings;
  for (std::size_t way = 0; way < reading::ways; ++way) {
    readings[way].nats.assign(static_cast<std::size_t>(bytes),
                              way == reading::learning ? 0.5F : 1.0F);
  }
  return {readings};
}

TEST_SUITE("examples/read_book") {
  TEST_CASE("a gain of few samples has no interval, and says so") {
    const reading::Gain gain = reading::gain(readings_of(513), reading::frozen);
    CHECK(gain.samples == 1);
    CHECK(gain.difference.mean == doctest::Approx(0.5));
    CHECK_FALSE(gain.has_interval());
    CHECK(reading::certainty(gain) == "(too few for an interval: 1 of 5)");
    CHECK(reading::report_of(gain).text().find("\"low\": null") != std::string::npos);
  }

  TEST_CASE("a gain of enough samples has an interval") {
    const reading::Gain gain = reading::gain(readings_of(512 + 5 * 4096), reading::plain_window);
    CHECK(gain.samples == 5);
    CHECK(reading::certainty(gain) == "[0.500, 0.500]");
  }

  TEST_CASE("a forecast counts every way of every book, and the question, by all threads") {
    const auto both = reading::forecast({1000, 500}, 0.01, 1);
    CHECK(both.seconds == doctest::Approx(0.01 * (4 * 1500 + 1000)));
    CHECK(reading::forecast({1000, 500}, 0.01, 2).seconds == doctest::Approx(both.seconds / 2));
    CHECK(reading::forecast({1000, 500}, 0.01, 100).seconds == doctest::Approx(10));
    CHECK(both.bytes == 20 * 1500 + 9 * 1000);
  }

  TEST_CASE("a long run is offered to be a shorter one") {
    CHECK(reading::words_of({.seconds = 42000, .bytes = 1.45e9}) ==
          "about 11:40:00 hours and 1.45 GB of memory beside the models; --limit BYTES reads less");
    CHECK(reading::words_of({.seconds = 10, .bytes = 2e6}) ==
          "about 0:10 minutes and 2 MB of memory beside the models");
  }
}

}  // namespace
