// SPDX-License-Identifier: Apache-2.0
#include <ttt/spec/describe.hpp>
#include <ttt/spec/model_spec.hpp>

#include <doctest/doctest.h>

#include <string>

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
    CHECK(changed([](ModelSpec& s) { s.heads = 5, s.head = 8; }).head == 8);
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
    check([](ModelSpec& s) { s.head = -1; }, "head and kv_heads must not be negative");
    check([](ModelSpec& s) { s.kv_heads = -1; }, "head and kv_heads must not be negative");
    check([](ModelSpec& s) { s.head = 3; }, "width / heads must be even, for rotary positions");
    check([](ModelSpec& s) { s.kv_heads = 3; }, "heads must be a multiple of kv_heads");
    check([](ModelSpec& s) { s.kv_heads = 8; }, "heads must be a multiple of kv_heads");
    check([](ModelSpec& s) { s.epsilon = -1e-6; }, "epsilon must not be negative");
    check([](ModelSpec& s) { s.vocab = s.width = 0; }, "vocab must be at least 2");
  }

  TEST_CASE("describe says what is not usual, and nothing else of it") {
    const std::string usual = describe(good);
    const auto more = [&](auto change) {
      const std::string words = describe(changed(change));
      REQUIRE(words.starts_with(usual));
      return words.substr(usual.size());
    };
    CHECK(more([](ModelSpec& s) { s.kv_heads = 2; }) == ", kv_heads 2");
    CHECK(more([](ModelSpec& s) { s.kv_heads = s.heads; }) == "");
    CHECK(more([](ModelSpec& s) { s.head = 8; }) == ", head width 8");
    CHECK(more([](ModelSpec& s) { s.head = s.width / s.heads; }) == "");
    CHECK(more([](ModelSpec& s) { s.norm = NormKind::layer; }) == ", norm layer");
    CHECK(more([](ModelSpec& s) { s.epsilon = 1e-5; }) == ", epsilon 1e-05");
    CHECK(more([](ModelSpec& s) { s.epsilon = 1e-6; }) == "");
    CHECK(more([](ModelSpec& s) { s.init.gain = 1; }) == "");
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
