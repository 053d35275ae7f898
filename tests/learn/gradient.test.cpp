// SPDX-License-Identifier: Apache-2.0
#include "laws/gradient.hpp"

#include <ttt/learn/gradient.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "laws/texts.hpp"

namespace {

using namespace ttt;
using laws::Other;
using laws::Small;

using M = Matrix<double>;

template <class Model>
std::vector<Token> text(Index chunks, std::uint64_t seed) {
  Random random(seed);
  return laws::drawn_tokens(chunks * Model::spec.chunk + 1, Model::spec.vocab, random);
}

TEST_SUITE("learn") {
  TEST_CASE_TEMPLATE("plain_gradient is the gradient of its loss for every parameter", Model, Small,
                     Other) {
    const auto params = laws::lively_params<Model>(1);
    const auto tokens = text<Model>(3, 2);
    std::vector<std::uint8_t> mask(tokens.size() - 1, 1);
    mask[0] = mask[7] = 0;
    for (const auto& marks : {std::vector<std::uint8_t>{}, mask}) {
      const Text given{.tokens = tokens, .loss_mask = marks};
      laws::check_gradient(
          params, plain_gradient<Model, M>(params, given).params,
          [&](const auto& moved) { return plain_gradient<Model, M>(moved, given).loss; });
    }
  }

  TEST_CASE(
      "A loss is the mean over chunks of the mean over each chunk's targets in the loss mask") {
    const auto params = laws::lively_params<Small>(1);
    const auto tokens = text<Small>(2, 3);
    const std::vector<std::uint8_t> mask{1, 1, 1, 1, 1, 0, 0, 1, 0, 1};
    const auto all = plain_gradient<Small, M>(params, {.tokens = tokens});
    const auto some = plain_gradient<Small, M>(params, {.tokens = tokens, .loss_mask = mask});
    const auto& s = all.surprisal;
    REQUIRE(s.size() == 10);
    CHECK(some.surprisal == s);
    const double first = (s[0] + s[1] + s[2] + s[3] + s[4]) / 5;
    CHECK(all.chunk_loss[0] == doctest::Approx(first).epsilon(1e-14));
    CHECK(some.chunk_loss[0] == doctest::Approx(first).epsilon(1e-14));
    CHECK(some.chunk_loss[1] == doctest::Approx((s[7] + s[9]) / 2).epsilon(1e-14));
    CHECK(some.loss == doctest::Approx((first + (s[7] + s[9]) / 2) / 2).epsilon(1e-14));
  }

  TEST_CASE("where nothing happens between chunks a text has any length, and every token counts") {
    using Model = SlidingWindow<laws::small, 2>;
    const auto params = laws::lively_params<Model>(1);
    for (const Index time : {1, 3, 5, 13}) {
      CAPTURE(time);
      Random random(6);
      const auto tokens = laws::drawn_tokens(time + 1, Model::spec.vocab, random);
      const Text given{.tokens = tokens};
      const auto gradient = plain_gradient<Model, M>(params, given);
      double sum = 0;
      for (const double nats : gradient.surprisal) sum += nats;
      REQUIRE(std::ssize(gradient.surprisal) == time);
      CHECK(std::ssize(gradient.chunk_loss) == (time + 4) / 5);
      CHECK(gradient.loss == doctest::Approx(sum / static_cast<double>(time)).epsilon(1e-14));
      if (time == 1) continue;  // the first token attends to itself alone: no gradient for q and k
      laws::check_gradient(params, gradient.params, [&](const auto& moved) {
        return plain_gradient<Model, M>(moved, given).loss;
      });
    }
    CHECK_THROWS_WITH_AS(
        static_cast<void>(plain_gradient<Model, M>(params, {.tokens = std::vector<Token>{1}})),
        "plain_gradient: text must have a target", RangeError);
  }

  TEST_CASE("A chunk of which the loss mask leaves nothing has loss 0 and no gradient") {
    const auto params = laws::lively_params<Small>(1);
    const auto tokens = text<Small>(1, 4);
    const std::vector<std::uint8_t> none(5, 0);
    const auto gradient = plain_gradient<Small, M>(params, {.tokens = tokens, .loss_mask = none});
    CHECK(gradient.loss == 0);
    for_each_array([](const Leaf&, const M& g) { CHECK(g.isZero(0)); }, gradient.params);
  }

  TEST_CASE("The tokens and a token behind them do not change earlier surprisals") {
    const auto params = laws::lively_params<Small, float>(1);
    const auto tokens = text<Small>(4, 5);
    const auto before = plain_gradient<Small>(params, {.tokens = tokens}).surprisal;
    for (std::size_t changed = 0; changed < tokens.size(); ++changed) {
      auto others = tokens;
      others[changed] = (others[changed] + 1) % Small::spec.vocab;
      const auto after = plain_gradient<Small>(params, {.tokens = others}).surprisal;
      CAPTURE(changed);
      for (std::size_t t = 0; t + 1 < changed; ++t) CHECK(after[t] == before[t]);
      if (changed > 0) CHECK(after[changed - 1] != before[changed - 1]);
      if (changed + 1 < tokens.size()) CHECK(after[changed] != before[changed]);
    }
  }

  TEST_CASE("plain_gradient refuses texts that are not whole chunks, and masks that do not fit") {
    const auto params = laws::lively_params<Small>(1);
    const auto loss = [&](std::size_t tokens, std::size_t marks) {
      const std::vector<Token> ids(tokens, 1);
      const std::vector<std::uint8_t> mask(marks, 1);
      return plain_gradient<Small, M>(params, {.tokens = ids, .loss_mask = mask}).loss;
    };
    CHECK_THROWS_WITH_AS(loss(10, 0),
                         "plain_gradient: text must have a positive multiple of 5 targets, got 9",
                         RangeError);
    CHECK_THROWS_WITH_AS(loss(1, 0),
                         "plain_gradient: text must have a positive multiple of 5 targets, got 0",
                         RangeError);
    CHECK_THROWS_WITH_AS(loss(0, 0),
                         "plain_gradient: text must have a positive multiple of 5 targets, got 0",
                         RangeError);
    CHECK_THROWS_WITH_AS(loss(11, 9), "plain_gradient: loss_mask must be [10], got [9]",
                         ShapeError);
    const std::vector<Token> outside{1, 1, 13, 1, 1, 1};
    CHECK_THROWS_WITH_AS(static_cast<void>(plain_gradient<Small, M>(params, {.tokens = outside})),
                         "embed: token must be in 0..12, got 13 at 2", RangeError);
    const std::vector<Token> target_outside{1, 1, 1, 1, 1, 13};
    CHECK_THROWS_WITH_AS(
        static_cast<void>(plain_gradient<Small, M>(params, {.tokens = target_outside})),
        "cross_entropy: target must be in 0..12, got 13", RangeError);
  }
}

}  // namespace
