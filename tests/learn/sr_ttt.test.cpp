// SPDX-License-Identifier: Apache-2.0
#include <ttt/learn/trainer.hpp>
#include <ttt/model/systems.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "laws/numbers.hpp"

namespace {

using namespace ttt;
using M = Matrix<double>;

constexpr ModelSpec small = checked({.vocab = 13,
                                     .width = 6,
                                     .heads = 2,
                                     .hidden = 7,
                                     .window = 12,
                                     .chunk = 4,
                                     .head = 4,
                                     .norms = Norms::before,
                                     .norm = NormKind::layer,
                                     .init = {.gain = 0.5}});
constexpr ResidualDelta<> memory{.slots = 5, .delta = {.steps = InnerSteps::detached}};
using Model = SrTtt<small, 2>;
using Detached = SrTtt<small, 2, memory>;

/// Tokens 4..6 are what tokens 30..32 answer; what 40 answers was not in the text before.
struct Given {
  std::vector<Token> tokens;
  std::vector<float> weight;

  Given() {
    Random random(5);
    tokens = laws::drawn_tokens(49, 10, random);
    weight.resize(48, 0);
    for (std::size_t n = 0; n < 3; ++n) {
      tokens[4 + n] = tokens[30 + n] = static_cast<Token>(10 + n % 2);
      weight[29 + n] = 0.2F;
    }
    tokens[40] = 12;
    weight[39] = 0.4F;
  }
  [[nodiscard]] Text text() const { return {.tokens = tokens, .loss_weight = weight}; }
};

bool contains_one(const std::string& name, const std::vector<std::string>& parts) {
  return std::ranges::any_of(
      parts, [&](const std::string& part) { return name.find(part) != std::string::npos; });
}

bool is_of_cache(const std::string& name) {
  return contains_one(name, {"gate_param", "cache_attn"});
}

TEST_SUITE("learn") {
  TEST_CASE("in the first stage of SR-TTT caches are off") {
    const Given given;
    const auto options = SrTttSchedule{}.at<Model>(0, given.text());
    CHECK(options.caching == Caching::off);
    CHECK(options.oracle == 0);
    CHECK(options.forced.empty());
    CHECK(options.queries.empty());
  }

  TEST_CASE("in the second stage needles are where the text had the answers before") {
    const Given given;
    for (const double oracle : {0.0, 0.7}) {
      const auto options =
          SrTttSchedule{.stage = SrTttStage::recall, .oracle = oracle}.at<Model>(0, given.text());
      CHECK(options.caching == Caching::on);
      CHECK(options.oracle == oracle);
      CHECK(options.queries == std::vector<Index>{29, 30, 31});
      CHECK(options.needles == std::vector<Index>{4, 5, 6});
      CHECK(options.forced == options.needles);
      const auto gradient = PlainLoss<SrTttSchedule>{
          {.stage = SrTttStage::recall,
           .oracle = oracle}}.gradient<Model, M>(Model::initial<M>(1), given.text(), 0);
      CHECK((gradient.auxiliary > 0) == (oracle > 0));
      CHECK(gradient.weighted > 0);
    }
    const auto none =
        SrTttSchedule{.stage = SrTttStage::recall}.at<Model>(0, Text{.tokens = given.tokens});
    CHECK(none.queries.empty());
  }

  TEST_CASE("a weight of the last target ends with the text") {
    Given given;
    given.tokens[48] = given.tokens[0];
    given.weight[47] = 1;
    const auto options = SrTttSchedule{.stage = SrTttStage::recall}.at<Model>(0, given.text());
    CHECK(options.queries == std::vector<Index>{29, 30, 31, 47});
    CHECK(options.needles.back() <= 47);
    CHECK(at(given.tokens, options.needles.back()) == given.tokens[48]);
  }

  TEST_CASE("a stage trains what belongs to it, and nothing else") {
    const Given given;
    const std::vector<Text> batch{given.text()};
    for (const SrTttStage stage : {SrTttStage::backbone, SrTttStage::recall}) {
      const auto before = Model::initial<Matrix<float>>(1);
      Trainer<Model, PlainLoss<SrTttSchedule>> trainer({.params = before},
                                                       {.adamw = {.frozen = frozen_in(stage)},
                                                        .schedule = {.peak = 1e-2, .steps = 10},
                                                        .objective = {{.stage = stage}}});
      for (int step = 0; step < 2; ++step) trainer.step(batch);
      for_each_array(
          [&](const Leaf& leaf, const Matrix<float>& was, const Matrix<float>& is) {
            if (was.size() == 0) return;
            CAPTURE(leaf.name);
            CHECK((was != is) == (is_of_cache(leaf.name) == (stage == SrTttStage::recall)));
          },
          before, trainer.state().params);
    }
  }

  TEST_CASE(
      "where steps are detached, what gets no gradient is frozen, so that it does not decay") {
    const Given given;
    const auto frozen = frozen_in(SrTttStage::backbone, InnerSteps::detached);
    const auto gradient =
        PlainLoss<SrTttSchedule>{}.gradient<Detached, M>(Detached::initial<M>(1), given.text(), 0);
    for_each_array(
        [&](const Leaf& leaf, const M& g) {
          if (g.size() == 0) return;
          CAPTURE(leaf.name);
          CHECK((g.norm() == 0) == contains_one(leaf.name, frozen));
        },
        gradient.params);
  }
}

}  // namespace
