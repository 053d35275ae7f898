// SPDX-License-Identifier: Apache-2.0
#include <ttt/measure/loss_by_position.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

namespace {

using namespace ttt;

constexpr std::array<Index, 4> edges{0, 2, 3, 8};

TEST_SUITE("measure") {
  TEST_CASE("edges double from the first and end at the last") {
    CHECK(measure::log_edges({.first = 64, .last = 512}) ==
          std::vector<Index>{0, 64, 128, 256, 512});
    CHECK(measure::log_edges({.first = 4, .last = 20}) == std::vector<Index>{0, 4, 8, 16, 20});
    CHECK(measure::log_edges({.first = 5, .last = 5}) == std::vector<Index>{0, 5});
  }

  TEST_CASE("edges are rounded, and those that round alike are one") {
    CHECK(measure::log_edges({.first = 1, .last = 8, .per_octave = 2}) ==
          std::vector<Index>{0, 1, 2, 3, 4, 6, 8});
  }

  TEST_CASE("a bin takes the tokens at its positions of every document") {
    const std::vector<measure::Scored> documents{{.nats = {1.0F, 2.0F, 4.0F, 8.0F}},
                                                 {.nats = {0.5F, 0.5F, 2.0F}}};
    const auto bins = measure::loss_by_position(documents, edges);
    CHECK(bins ==
          std::vector<measure::Bin>{{.begin = 0, .end = 2, .tokens = 4, .bytes = 4, .nats = 4.0},
                                    {.begin = 2, .end = 3, .tokens = 2, .bytes = 2, .nats = 6.0},
                                    {.begin = 3, .end = 8, .tokens = 1, .bytes = 1, .nats = 8.0}});
    CHECK(bins[1].nats_per_byte() == 3.0);
    CHECK(bins[1].bits_per_byte() == doctest::Approx(3.0 / std::numbers::ln2));
  }

  TEST_CASE("tokens of several bytes are counted by token and paid for by byte") {
    const std::vector<measure::Scored> documents{{.nats = {6.0F, 2.0F}, .bytes = {3, 1}}};
    const auto bins = measure::loss_by_position(documents, edges);
    CHECK(bins[0].tokens == 2);
    CHECK(bins[0].bytes == 4);
    CHECK(bins[0].nats_per_token() == 4.0);
    CHECK(bins[0].nats_per_byte() == 2.0);
  }

  TEST_CASE("a uniform model over bytes costs 8 bits a byte at every position") {
    const std::vector<measure::Scored> documents{
        {.nats = std::vector<float>(1000, static_cast<float>(std::log(256.0)))}};
    for (const auto& bin : measure::loss_by_position(
             documents, measure::log_edges({.first = 10, .last = 1000, .per_octave = 2})))
      CHECK(bin.bits_per_byte() == doctest::Approx(8.0).epsilon(1e-6));
  }

  TEST_CASE("tokens beyond the last edge are left out and an empty bin has no mean") {
    const std::vector<measure::Scored> documents{{.nats = std::vector<float>(20, 1.0F)}};
    CHECK(measure::loss_by_position(documents, edges)[2].tokens == 5);
    CHECK(std::isnan(measure::loss_by_position({}, edges)[0].nats_per_token()));
    CHECK(std::isnan(measure::loss_by_position({}, edges)[0].nats_per_byte()));
  }

  TEST_CASE("a number that is not finite shows in its bin") {
    const std::vector<measure::Scored> documents{
        {.nats = {1.0F, 1.0F, std::numeric_limits<float>::quiet_NaN()}}};
    const auto bins = measure::loss_by_position(documents, edges);
    CHECK(bins[0].nats == 2.0);
    CHECK(std::isnan(bins[1].nats_per_byte()));
  }

  TEST_CASE("edges that do not ascend and bytes that do not match are refused") {
    constexpr auto message =
        "loss_by_position: edges must be two or more that ascend from 0 or later";
    CHECK_THROWS_WITH_AS((void)measure::loss_by_position({}, std::array<Index, 1>{0}), message,
                         RangeError);
    CHECK_THROWS_WITH_AS((void)measure::loss_by_position({}, std::array<Index, 3>{0, 2, 2}),
                         message, RangeError);
    CHECK_THROWS_WITH_AS((void)measure::loss_by_position({}, std::array<Index, 2>{-1, 2}), message,
                         RangeError);
    const std::vector<measure::Scored> documents{{.nats = {1.0F, 1.0F}, .bytes = {1}}};
    CHECK_THROWS_WITH_AS((void)measure::loss_by_position(documents, edges),
                         "loss_by_position: bytes must be [2], got [1]", ShapeError);
    CHECK_THROWS_WITH_AS((void)measure::log_edges({.first = 0, .last = 8}),
                         "log_edges: first must be in 1..last, got 0 with last 8", RangeError);
    CHECK_THROWS_WITH_AS((void)measure::log_edges({.first = 1, .last = 8, .per_octave = 0}),
                         "log_edges: per_octave must be positive, got 0", RangeError);
  }
}

}  // namespace
