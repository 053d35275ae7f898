// SPDX-License-Identifier: Apache-2.0
#include <ttt/learn/adjoint.hpp>
#include <ttt/model/session.hpp>
#include <ttt/model/systems.hpp>

#include <doctest/doctest.h>

#include <vector>

#include "laws/numbers.hpp"

TEST_SUITE("model") {
  using namespace ttt;

  // Wide enough for products, attention and elementwise operations to be shared.
  inline constexpr ModelSpec wide = checked({.vocab = 50,
                                             .width = 192,
                                             .heads = 6,
                                             .hidden = 320,
                                             .window = 128,
                                             .chunk = 64,
                                             .kv_heads = 3});
  using Wide = CachedTttE2e<wide, 3, 2, Cache<40, signal::KeepScore, evict::LowestKeepScore>>;

  static std::vector<Token> text(Index count) {
    Random random(4);
    std::vector<Token> tokens;
    for (Index t = 0; t < count; ++t) tokens.push_back(static_cast<Token>(random.below(50)));
    return tokens;
  }

  TEST_CASE("threads inside a read change no bit of what a session knows") {
    const auto params = Wide::initial(1);
    const auto tokens = text(300);
    Session<Wide> one(params);
    const auto expected = one.read(tokens);
    for (const Index threads : {2, 3}) {
      CAPTURE(threads);
      Session<Wide> several(params, {.threads = threads});
      CHECK(several.read(tokens) == expected);
      CHECK(several.logits() == one.logits());
      CHECK(several.state().fast == one.state().fast);
      for_each_array(
          [](const Leaf& leaf, const auto& a, const auto& b) { CHECK_MESSAGE(a == b, leaf.name); },
          several.state().memory, one.state().memory);
    }
  }

  TEST_CASE("threads inside a text change no bit of a gradient, plain or meta") {
    const auto params = Wide::initial(2);
    const auto tokens = text(257);
    const Text whole{.tokens = tokens};
    const auto equal = [](const auto& a, const auto& b) {
      CHECK(a.loss == b.loss);
      for_each_array(
          [](const Leaf& leaf, const auto& x, const auto& y) { CHECK_MESSAGE(x == y, leaf.name); },
          a.params, b.params);
    };
    equal(plain_gradient<Wide>(params, whole, {}, 3), plain_gradient<Wide>(params, whole));
    equal(MetaLearner<Wide>({.threads = 3}).gradient(params, whole),
          MetaLearner<Wide>({}).gradient(params, whole));
  }

  TEST_CASE("a session has a thread at least") {
    const auto params = Wide::initial(1);
    CHECK_THROWS_WITH_AS(Session<Wide>(params, {.threads = 0}),
                         "Session: threads must be positive, got 0", RangeError);
  }
}
