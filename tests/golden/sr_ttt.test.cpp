// SPDX-License-Identifier: Apache-2.0
#include "golden/sr_ttt.hpp"

namespace {

using namespace golden;

constexpr SrTttSpec tiny = checked_sr_ttt({.vocab = 41,
                                           .width = 20,
                                           .depth = 3,
                                           .heads = 3,
                                           .head = 8,
                                           .hidden = 28,
                                           .window = 16,
                                           .chunk = 8,
                                           .slots = 8});
constexpr PercentileFilter filter{.percent = 62.5, .part = 4};

TEST_SUITE("golden") {
  TEST_CASE_TEMPLATE("SR-TTT agrees with its original implementation", S, double, float) {
    check_sr_ttt<S, tiny>("cache_off", {.filter = filter, .caching = Caching::off});
    check_sr_ttt<S, tiny>("cache_on", {.filter = filter});
    check_sr_ttt<S, tiny>("stage2", {.filter = filter, .answer = 1, .oracle = 1});
  }

  TEST_CASE("the parts of SR-TTT agree with its original implementation one by one") {
    check_sr_ttt_cache("units", 6);
    check_sr_ttt_filter("units", {.percent = 62.5, .part = 4}, 16);
    check_sr_ttt_recall("units", "read");
    check_sr_ttt_recall("units", "read_late");
  }
}

}  // namespace
