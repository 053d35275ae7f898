// SPDX-License-Identifier: Apache-2.0
#include <ttt/learn/trainer.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <map>

namespace {

using namespace ttt;

TEST_SUITE("learn") {
  TEST_CASE("Each step draws its slots anew, the same whenever it is asked, and each as often") {
    const CacheSchedule schedule{.keep_penalty = 0.5, .peak_penalty = 0.25, .slots = {16, 32, 64}};
    std::map<Index, int> drawn;
    for (Index step = 0; step < 3000; ++step) {
      const CacheTraining now = schedule.at(step);
      CHECK(now.slots == schedule.at(step).slots);
      CHECK(now.keep_penalty == 0.5);
      CHECK(now.peak_penalty == 0.25);
      ++drawn[now.slots];
    }
    CHECK(drawn.size() == 3);
    for (const auto& [slots, times] : drawn) {
      CAPTURE(slots);
      CHECK(times > 850);  // of 1000; the deviation is 26
      CHECK(times < 1150);
    }
  }

  TEST_CASE("Without a choice every slot is there") {
    CHECK(CacheSchedule{}.at(7).slots == std::numeric_limits<Index>::max());
  }
}

}  // namespace
