// SPDX-License-Identifier: Apache-2.0
#include <ttt/spec/describe.hpp>
#include <ttt/spec/model_spec.hpp>

#include <doctest/doctest.h>

namespace {

using namespace ttt;

constexpr ModelSpec good{
    .vocab = 256, .width = 64, .heads = 4, .hidden = 128, .window = 64, .chunk = 16};

/// The spec with one change, checked.
template <class Change>
ModelSpec changed(Change change) {
  ModelSpec spec = good;
  change(spec);
  return checked(spec);
}

TEST_SUITE("spec") {
  TEST_CASE("checked returns a spec that keeps every rule as it is, also at the rules' edges") {
    CHECK(checked(good) == good);
    static_assert(checked(good) == good);
    CHECK(changed([](ModelSpec& s) { s.vocab = 2; }).vocab == 2);
    CHECK(changed([](ModelSpec& s) { s.chunk = s.window; }).chunk == 64);
    CHECK(changed([](ModelSpec& s) { s.window = s.chunk = 1; }).window == 1);
    CHECK(changed([](ModelSpec& s) { s.heads = 32; }).heads == 32);
    CHECK(changed([](ModelSpec& s) { s.rotary.base = 2; }).rotary.base == 2);
  }

  TEST_CASE("checked names the first rule that a spec breaks") {
    const auto check = [](auto change, const char* rule) {
      CAPTURE(rule);
      CHECK_THROWS_WITH_AS(changed(change), rule, SpecError);
    };
    check([](ModelSpec& s) { s.vocab = 1; }, "vocab must be at least 2");
    check([](ModelSpec& s) { s.width = 0; }, "width must be positive");
    check([](ModelSpec& s) { s.width = -64; }, "width must be positive");
    check([](ModelSpec& s) { s.heads = 0; }, "heads must be positive");
    check([](ModelSpec& s) { s.heads = -4; }, "heads must be positive");
    check([](ModelSpec& s) { s.heads = 5; }, "width must be a multiple of heads");
    check([](ModelSpec& s) { s.heads = 64; }, "width / heads must be even, for rotary positions");
    check([](ModelSpec& s) { s.hidden = 0; }, "hidden must be positive");
    check([](ModelSpec& s) { s.window = 0; }, "window must be positive");
    check([](ModelSpec& s) { s.chunk = 0; }, "chunk must be positive");
    check([](ModelSpec& s) { s.chunk = 65; }, "chunk must be at most window");
    check([](ModelSpec& s) { s.rotary.base = 1; }, "rotary.base must be greater than 1");
    check([](ModelSpec& s) { s.vocab = s.width = 0; }, "vocab must be at least 2");
  }

  TEST_CASE("describe says every field") {
    CHECK(describe(good) ==
          "vocab 256, width 64, heads 4, hidden 128, window 64, chunk 16, rotary 10000 "
          "interleaved, norms around, query-key norm rms, head tied");
    CHECK(describe({.vocab = 2,
                    .width = 6,
                    .heads = 1,
                    .hidden = 7,
                    .window = 5,
                    .chunk = 4,
                    .rotary = {.pairs = RotaryPairs::half_split, .base = 50},
                    .norms = Norms::before,
                    .query_key_norm = QueryKeyNorm::none,
                    .output = Head::separate}) ==
          "vocab 2, width 6, heads 1, hidden 7, window 5, chunk 4, rotary 50 half-split, norms "
          "before, query-key norm none, head separate");
  }
}

}  // namespace
