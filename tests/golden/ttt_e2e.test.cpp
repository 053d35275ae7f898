// SPDX-License-Identifier: Apache-2.0
#include "golden/ttt_e2e.hpp"

namespace {

using namespace golden;

constexpr ModelSpec base = checked(
    {.vocab = 61, .width = 24, .heads = 3, .hidden = 40, .window = 16, .chunk = 8});

constexpr ModelSpec with(auto change) {
  ModelSpec spec = base;
  change(spec);
  return checked(spec);
}
constexpr ModelSpec window_is_chunk = with([](ModelSpec& s) { s.window = 8; });
constexpr ModelSpec untied_plain_qk = with([](ModelSpec& s) {
  s.head = Head::separate;
  s.query_key_norm = QueryKeyNorm::none;
});
constexpr ModelSpec no_post_norm = with([](ModelSpec& s) { s.norms = Norms::before; });
constexpr ModelSpec narrow = checked(
    {.vocab = 61, .width = 16, .heads = 2, .hidden = 24, .window = 16, .chunk = 8});
constexpr ModelSpec whole = with([](ModelSpec& s) { s.window = s.chunk = 64; });

using Reader = Block<Attend<Window>, SwiGlu>;
using Learner = Block<Attend<Window>, Fast<SwiGlu>, SwiGlu>;

TEST_SUITE("golden") {
  TEST_CASE_TEMPLATE("meta-learning agrees with the original implementation of TTT-E2E", S, double,
                     float) {
    check_meta<S, base>("meta", {.rate = 1, .clip = 2});
    check_meta<S, base>("meta_masked", {.rate = 1, .clip = 1.85});
    check_meta<S, window_is_chunk>("meta_window_is_chunk", {.rate = 0.5, .clip = 0.5});
    check_meta<S, untied_plain_qk>("meta_untied_plain_qk", {.rate = 0.3, .clip = 1});
    check_meta<S, no_post_norm>("meta_no_post_norm", {.rate = 0.3, .clip = 0});
    check_meta<S, narrow>("meta_long", {.rate = 1, .clip = 1.06});
  }

  TEST_CASE_TEMPLATE("ordinary training agrees with the original implementation of TTT-E2E", S,
                     double, float) {
    check_plain<S, base, Repeat<2, Reader>, Repeat<2, Learner>>("read_without_learning", 2);
    check_plain<S, base, Repeat<4, Reader>>("sliding_window", 4);
    check_plain<S, whole, Repeat<4, Reader>>("full_attention", 4);
  }
}

}  // namespace
