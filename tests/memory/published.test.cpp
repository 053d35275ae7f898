// SPDX-License-Identifier: Apache-2.0
#include <ttt/memory/published.hpp>

#include <doctest/doctest.h>

#include <array>

namespace {

using namespace ttt;

/// Whether a cache with a slot evicts the first of two entries.
template <class Kept>
bool evicts_first(const Entry& a, const Entry& b) {
  return typename Kept::EvictPolicy{}(a, b);
}

TEST_SUITE("memory") {
  TEST_CASE("A cache under a published name orders by what it was published with") {
    const auto check = []<class Kept>(const Entry& first, const Entry& second) {
      CHECK(evicts_first<Kept>(first, second));
      CHECK_FALSE(evicts_first<Kept>(second, first));
    };
    check.operator()<published::StreamingLlm<4>>({.position = 4}, {.position = 3});
    check.operator()<published::StreamingLlm<4>>({.position = 4}, {.position = 5});
    check.operator()<published::H2o<4>>({.attended = 1, .attended_last = 1}, {.attended = 2});
    check.operator()<published::Tova<4>>({.attended = 2}, {.attended = 1, .attended_last = 1});
    check.operator()<published::SnapKv<4>>({.attended = 2}, {.signal = 1});
    check.operator()<published::TrimKv<4>>({.log_retention = -2, .attended = 1, .now = 1},
                                           {.log_retention = -1, .now = 1});
  }

  TEST_CASE("A cache under a published name wants what its order is computed from") {
    const auto wants_attention = [](const PolicyTraits& wants) {
      return wants.window_attention && !wants.scored() && !wants.reconstruction;
    };
    CHECK(wants_attention(published::H2o<4>::wants));
    CHECK(wants_attention(published::Tova<4>::wants));
    CHECK(wants_attention(published::SnapKv<4>::wants));
    CHECK(published::TrimKv<4>::wants.retention);
    CHECK_FALSE(published::TrimKv<4>::wants.window_attention);
    const PolicyTraits streaming = published::StreamingLlm<4>::wants;
    CHECK_FALSE(streaming.window_attention);
    CHECK_FALSE(streaming.scored());
    CHECK(published::StreamingLlm<7, fuse::Gated>::slots == 7);
  }

  TEST_CASE("SnapKv's signal is the attention of the queries behind a token") {
    const std::array attention{0.25, 0.5, 0.75};
    const std::array surprisal{9.0, 9.0, 9.0};
    const Offer offer{.entry = {}, .surprisal = surprisal, .at = 1, .attention = attention};
    CHECK(published::SnapKv<4>::SignalPolicy{}(offer) == doctest::Approx(0.5));
  }
}

}  // namespace
