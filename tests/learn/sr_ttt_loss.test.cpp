// SPDX-License-Identifier: Apache-2.0
#include <ttt/learn/sr_ttt.hpp>
#include <ttt/learn/trainer.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "laws/numbers.hpp"

namespace {

using namespace ttt;

using Model = SrTtt<checked_sr_ttt({.vocab = 13,
                                    .width = 6,
                                    .depth = 2,
                                    .heads = 2,
                                    .head = 4,
                                    .hidden = 7,
                                    .window = 12,
                                    .chunk = 4,
                                    .slots = 5})>;
using Params = Model::Params<Matrix<double>>;

/// Tokens 4..6 say what tokens 30..32 answer; what 40 answers was not said.
struct Given {
  std::vector<Token> tokens;
  std::vector<float> emphasis;

  Given() {
    Random random(5);
    tokens = laws::drawn_tokens(49, 10, random);
    emphasis.resize(48, 0);
    for (std::size_t n = 0; n < 3; ++n) {
      tokens[4 + n] = tokens[30 + n] = static_cast<Token>(10 + n % 2);
      emphasis[29 + n] = 0.2F;
    }
    tokens[40] = 12;
    emphasis[39] = 0.4F;
  }
  [[nodiscard]] Text text() const { return {.tokens = tokens, .emphasis = emphasis}; }
};

void check_equal(const Params& a, const Params& b) {
  for_each_array(
      [](const Leaf& leaf, const Matrix<double>& x, const Matrix<double>& y) {
        CAPTURE(leaf.name);
        CHECK(x == y);
      },
      a, b);
}

TEST_SUITE("learn") {
  TEST_CASE("in its first stage SR-TTT learns every target alike, without caches") {
    const auto params = Model::initial<double>(1);
    const Given given;
    const auto gradient =
        SrTttLoss{.stage = SrTttStage::backbone}.gradient<Model, double>(params, given.text(), 0);
    const auto expected =
        sr_ttt_gradient<Model, double>(params, given.tokens, {.caching = Caching::off});
    CHECK(gradient.loss == expected.loss);
    CHECK(gradient.emphasised == 0);
    CHECK(gradient.surprisal == expected.surprisal);
    check_equal(gradient.params, expected.params);
  }

  TEST_CASE("in its second stage it is told where the text said what it is to answer") {
    const auto params = Model::initial<double>(1);
    const Given given;
    for (const double oracle : {0.0, 1.0}) {
      const auto gradient =
          SrTttLoss{.stage = SrTttStage::recall, .oracle = oracle}.gradient<Model, double>(
              params, given.text(), 0);
      const auto expected = sr_ttt_gradient<Model, double>(
          params, given.tokens, {.forced = {4, 5, 6}},
          {.answer = 1, .oracle = oracle, .queries = {29, 30, 31}, .needle = {4, 5, 6}});
      CHECK(gradient.loss == expected.loss);
      CHECK((expected.oracle > 0) == (oracle > 0));
      CHECK(gradient.emphasised == expected.answer);
      check_equal(gradient.params, expected.params);
    }
  }

  TEST_CASE("a text whose emphasis is not of every target is refused") {
    const auto params = Model::initial<double>(1);
    Given given;
    for (const std::size_t size : {1U, 47U, 49U, 100U}) {
      given.emphasis.resize(size, 1);
      CHECK_THROWS_WITH_AS(
          static_cast<void>(SrTttLoss{.stage = SrTttStage::recall}.gradient<Model, double>(
              params, given.text(), 0)),
          ("SrTttLoss: emphasis must be [48], got [" + std::to_string(size) + ']').c_str(),
          ShapeError);
    }
  }

  TEST_CASE("a trainer moves in a stage what belongs to it, and nothing else") {
    const Given given;
    const std::vector<Text> batch{given.text()};
    for (const SrTttStage stage : {SrTttStage::backbone, SrTttStage::recall}) {
      const auto before = Model::initial<float>(1);
      Trainer<Model, SrTttLoss> trainer({.params = before},
                                        {.adamw = {.frozen = frozen_in(stage)},
                                         .schedule = {.peak = 1e-2, .steps = 10},
                                         .objective = {.stage = stage}});
      for (int step = 0; step < 2; ++step) trainer.step(batch);
      for_each_array(
          [&](const Leaf& leaf, const Matrix<float>& was, const Matrix<float>& is) {
            CAPTURE(leaf.name);
            const bool of_cache = leaf.name.find("gate_param") != std::string::npos ||
                                  leaf.name.find("cache_attn") != std::string::npos;
            CHECK((was != is) == (of_cache == (stage == SrTttStage::recall)));
          },
          before, trainer.state().params);
    }
  }
}

}  // namespace
