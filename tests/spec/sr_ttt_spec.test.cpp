// SPDX-License-Identifier: Apache-2.0
#include <ttt/spec/describe.hpp>
#include <ttt/spec/sr_ttt_spec.hpp>

#include <doctest/doctest.h>

namespace {

using namespace ttt;

constexpr SrTttSpec good{.vocab = 256,
                         .width = 20,
                         .depth = 2,
                         .heads = 3,
                         .head = 8,
                         .hidden = 30,
                         .window = 32,
                         .chunk = 8,
                         .slots = 16};

template <class Change>
SrTttSpec changed(Change change) {
  SrTttSpec spec = good;
  change(spec);
  return checked_sr_ttt(spec);
}

TEST_SUITE("spec") {
  TEST_CASE("checked_sr_ttt returns a spec that keeps every rule as it is") {
    static_assert(checked_sr_ttt(good) == good);
    CHECK(changed([](SrTttSpec& s) { s.window = s.chunk = 1; }).window == 1);
    CHECK(changed([](SrTttSpec& s) { s.slots = 1; }).slots == 1);
    CHECK(changed([](SrTttSpec& s) { s.heads = 5; }).heads == 5);  // heads * head is no width
  }

  TEST_CASE("checked_sr_ttt names the first rule that a spec breaks") {
    const auto check = [](auto change, const char* rule) {
      CAPTURE(rule);
      CHECK_THROWS_WITH_AS(changed(change), rule, SpecError);
    };
    check([](SrTttSpec& s) { s.vocab = 1; }, "vocab must be at least 2");
    check([](SrTttSpec& s) { s.width = 0; }, "width must be positive");
    check([](SrTttSpec& s) { s.depth = 0; }, "depth must be positive");
    check([](SrTttSpec& s) { s.heads = 0; }, "heads must be positive");
    check([](SrTttSpec& s) { s.head = 0; }, "head must be positive");
    check([](SrTttSpec& s) { s.head = 7; }, "head must be even, for rotary positions");
    check([](SrTttSpec& s) { s.hidden = 0; }, "hidden must be positive");
    check([](SrTttSpec& s) { s.chunk = 0; }, "chunk must be positive");
    check([](SrTttSpec& s) { s.window = 0; }, "window must be positive");
    check([](SrTttSpec& s) { s.window = 31; }, "window must be a multiple of chunk");
    check([](SrTttSpec& s) { s.slots = 0; }, "slots must be positive");
    check([](SrTttSpec& s) { s.rotary_base = 1; }, "rotary_base must be greater than 1");
    check([](SrTttSpec& s) { s.vocab = s.width = 0; }, "vocab must be at least 2");
  }

  TEST_CASE("describe says every field") {
    SrTttSpec spec = checked_sr_ttt({.vocab = 256,
                                     .width = 128,
                                     .depth = 4,
                                     .heads = 2,
                                     .head = 32,
                                     .hidden = 64,
                                     .window = 48,
                                     .chunk = 16,
                                     .slots = 100});
    CHECK(
        describe(spec) ==
        "sr-ttt, vocab 256, width 128, depth 4, heads 2, head 32, hidden 64, window 48, chunk 16, "
        "slots 100, rotary 10000, steps differentiated");
    spec.steps = InnerSteps::detached;
    CHECK(describe(spec).ends_with("steps detached"));
  }
}

}  // namespace
