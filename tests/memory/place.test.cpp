// SPDX-License-Identifier: Apache-2.0
#include "laws/place.hpp"

namespace {

using namespace ttt;

const std::vector<Entry> kept{{.position = 2}, {.position = 3}, {.position = 11}};

TEST_SUITE("memory") {
  TEST_CASE_TEMPLATE("every Place keeps the order of the text, before the window", P, place::Rank,
                     place::Absolute, place::Nowhere) {
    laws::check_place<P>();
  }

  TEST_CASE("Rank puts the kept side by side, up to the window") {
    CHECK(place::Rank{}(kept, 20) == std::vector<Index>{17, 18, 19});
    CHECK(place::Rank{}({}, 20) == std::vector<Index>{});
  }

  TEST_CASE("Absolute leaves the kept where they stood") {
    CHECK(place::Absolute{}(kept, 20) == std::vector<Index>{2, 3, 11});
    CHECK(place::Absolute{}(kept, 1000) == std::vector<Index>{2, 3, 11});
  }

  TEST_CASE("Rank is Absolute where everything is kept") {
    std::vector<Entry> all;
    for (Index n = 0; n < 9; ++n) all.push_back({.position = n});
    CHECK(place::Rank{}(all, 9) == place::Absolute{}(all, 9));
  }

  TEST_CASE("Nowhere gives no positions") { CHECK(!place::Nowhere{}(kept, 20)); }
}

}  // namespace
