// SPDX-License-Identifier: Apache-2.0
#include "golden/sr_ttt.hpp"

namespace {

using namespace golden;

constexpr ModelSpec tiny = checked({.vocab = 41,
                                    .width = 20,
                                    .heads = 3,
                                    .hidden = 28,
                                    .window = 16,
                                    .chunk = 8,
                                    .head = 8,
                                    .norms = Norms::before,
                                    .norm = NormKind::layer});
constexpr PercentileFilter filter{.percent = 62.5, .part = 4};
constexpr ResidualDelta<> memory{.slots = 8, .filter = filter};

TEST_SUITE("golden") {
  TEST_CASE_TEMPLATE("SR-TTT agrees with its original implementation", S, double, float) {
    check_sr_ttt<S, tiny, 3, memory>("cache_off", {.caching = Caching::off});
    check_sr_ttt<S, tiny, 3, memory>("cache_on", {});
    check_sr_ttt<S, tiny, 3, memory>("stage2", {.answer = 1, .oracle = 1});
  }

  TEST_CASE("the parts of SR-TTT agree with its original implementation one by one") {
    check_sr_ttt_cache("units", 6);
    check_sr_ttt_filter("units", filter, 16);
    check_sr_ttt_recall("units", "read");
    check_sr_ttt_recall("units", "read_late");
  }
}

}  // namespace
