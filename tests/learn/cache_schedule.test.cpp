// SPDX-License-Identifier: Apache-2.0
#include <ttt/learn/text.hpp>
#include <ttt/memory/cache_schedule.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <map>
#include <type_traits>
#include <vector>

#include "laws/cached_texts.hpp"

namespace {

using namespace ttt;
using laws::Keeping;

const std::vector<Token> tokens{1, 2, 3};

TEST_SUITE("learn") {
  TEST_CASE("Each step draws its slots anew, the same whenever it is asked, and each as often") {
    const CacheSchedule schedule{.keep_penalty = 0.5,
                                 .peak_penalty = 0.25,
                                 .slots = {16, 32, 64},
                                 .capacity_penalty = 0.125};
    std::map<Index, int> drawn;
    const Text text{.tokens = tokens};
    for (Index step = 0; step < 3000; ++step) {
      const CacheOptions now = schedule.at<Keeping>(step, text);
      CHECK(now.slots == schedule.at<Keeping>(step, text).slots);
      CHECK(now.keep_penalty == 0.5);
      CHECK(now.peak_penalty == 0.25);
      CHECK(now.capacity_penalty == 0.125);
      ++drawn[now.slots];
    }
    CHECK(drawn.size() == 3);
    for (const auto& [slots, times] : drawn) {
      CAPTURE(slots);
      CHECK(times > 850);  // of 1000; the deviation is 26
      CHECK(times < 1150);
    }
  }

  TEST_CASE("another seed draws other slots") {
    const Text text{.tokens = tokens};
    const CacheSchedule one{.slots = {1, 2}, .seed = 1};
    const CacheSchedule two{.slots = {1, 2}, .seed = 2};
    int differ = 0;
    for (Index step = 0; step < 1000; ++step) {
      differ += one.at<Keeping>(step, text).slots != two.at<Keeping>(step, text).slots;
    }
    CHECK(differ > 420);  // of 500; the deviation is 16
    CHECK(differ < 580);
  }

  TEST_CASE("the peak penalty is for texts in which no target has a loss weight") {
    const CacheSchedule schedule{.keep_penalty = 0.5, .peak_penalty = 0.25};
    const auto peak = [&](const std::vector<float>& weights) {
      const CacheOptions now =
          schedule.at<Keeping>(0, Text{.tokens = tokens, .loss_weight = weights});
      CHECK(now.keep_penalty == 0.5);
      return now.peak_penalty;
    };
    CHECK(peak({}) == 0.25);
    CHECK(peak({0, 0}) == 0.25);
    CHECK(peak({0, 0.5F}) == 0);
  }

  TEST_CASE("Without a choice every slot is used") {
    const Text text{.tokens = tokens};
    CHECK(CacheSchedule{}.at<Keeping>(7, text).slots == std::numeric_limits<Index>::max());
  }

  TEST_CASE("a model without a cache has no options to schedule") {
    using Options = decltype(CacheSchedule{}.at<laws::Small>(0, Text{.tokens = tokens}));
    CHECK(std::is_same_v<Options, NoOptions>);
  }
}

}  // namespace
