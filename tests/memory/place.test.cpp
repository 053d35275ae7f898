// SPDX-License-Identifier: Apache-2.0
#include "laws/place.hpp"

namespace {

using namespace ttt;

const std::vector<Entry> cached{{.position = 2}, {.position = 3}, {.position = 11}};

TEST_SUITE("memory") {
  TEST_CASE_TEMPLATE("every Place has the order of the text, before the window", P, place::Rank,
                     place::Absolute, place::Nowhere) {
    laws::check_place<P>();
  }

  TEST_CASE("Rank puts the cached side by side, up to the window") {
    CHECK(place::Rank{}(cached, 20) == std::vector<Index>{17, 18, 19});
    CHECK(place::Rank{}({}, 20) == std::vector<Index>{});
  }

  TEST_CASE("Absolute leaves the cached where they stood") {
    CHECK(place::Absolute{}(cached, 20) == std::vector<Index>{2, 3, 11});
    CHECK(place::Absolute{}(cached, 1000) == std::vector<Index>{2, 3, 11});
  }

  TEST_CASE("Rank is Absolute where everything is cached") {
    std::vector<Entry> all;
    for (Index n = 0; n < 9; ++n) all.push_back({.position = n});
    CHECK(place::Rank{}(all, 9) == place::Absolute{}(all, 9));
  }

  TEST_CASE("Nowhere gives no positions") { CHECK(!place::Nowhere{}(cached, 20)); }
}

}  // namespace
