// SPDX-License-Identifier: Apache-2.0
#include <ttt/learn/trainer.hpp>
#include <ttt/memory/cache_schedule.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "laws/cached_texts.hpp"

namespace {

using namespace ttt;
using laws::Small;

using M = Matrix<float>;
using Batch = std::vector<std::vector<Token>>;
using Plain = Trainer<Small>;
using Meta = Trainer<Small, MetaLoss<>>;

constexpr WarmupCosine schedule{.peak = 1e-2, .end = 1e-3, .warmup = 2, .steps = 20};

Batch batch(std::size_t texts, std::uint64_t seed) {
  Random random(seed);
  Batch batch(texts);
  for (auto& text : batch) {
    text = laws::drawn_tokens(3 * Small::spec.chunk + 1, Small::spec.vocab, random);
  }
  return batch;
}

Batch joined(Batch a, const Batch& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

template <class Training>
Training trainer(typename Training::Options options) {
  return Training({.params = laws::lively_params<Small, float>(1)}, std::move(options));
}
Meta meta(Index threads) {
  return trainer<Meta>({.schedule = schedule,
                        .objective = {.inner = {.optimiser = {.rate = 0.1, .max_norm = 5}}},
                        .threads = threads});
}
Plain plain(AdamW adamw = {}) { return trainer<Plain>({.adamw = adamw, .schedule = schedule}); }

/// Parameters and optimiser state agree, bit for bit.
template <class State>
void check_equal(const State& a, const State& b) {
  const auto equal = [](const Leaf& leaf, const M& x, const M& y) {
    CAPTURE(leaf.name);
    CHECK(x == y);
  };
  for_each_array(equal, a.params, b.params);
  for_each_array(equal, a.adamw.mean, b.adamw.mean);
  for_each_array(equal, a.adamw.square, b.adamw.square);
  CHECK(a.adamw.steps == b.adamw.steps);
}

TEST_SUITE("learn") {
  TEST_CASE("The number of threads changes no bit") {
    Meta one = meta(1);
    Meta two = meta(2);
    Meta four = meta(4);
    for (std::uint64_t step = 0; step < 4; ++step) {
      const auto texts = batch(5, step);
      const StepReport report = one.step(texts);
      for (Meta* others : {&two, &four}) {
        const StepReport same = others->step(texts);
        CHECK(same.loss == report.loss);
        CHECK(same.norm == report.norm);
      }
    }
    check_equal(two.state(), one.state());
    check_equal(four.state(), one.state());
    CHECK(one.state().params.embedding != laws::lively_params<Small, float>(1).embedding);
  }

  TEST_CASE("Accumulating two batches is a step on both, bit for bit") {
    Meta parts = meta(1);
    Meta whole = meta(1);
    for (std::uint64_t step = 0; step < 3; ++step) {
      const Batch a = batch(2, 2 * step);
      const Batch b = batch(3, 2 * step + 1);
      parts.accumulate(a);
      parts.accumulate(b);
      CHECK(parts.update().loss == whole.step(joined(a, b)).loss);
    }
    check_equal(parts.state(), whole.state());
  }

  TEST_CASE("A step goes along the weighted mean of the gradients of its texts, one by one") {
    const Batch tokens = batch(3, 1);
    for (const std::vector<float>& weights : {std::vector{1.0F, 1.0F, 1.0F}, {0.5F, 3.0F, 1.0F}}) {
      CAPTURE(weights[0]);
      std::vector<Text> texts;
      for (std::size_t i = 0; i < 3; ++i) {
        texts.push_back({.tokens = tokens[i], .weight = weights[i]});
      }
      Plain training = plain();
      const auto start = laws::lively_params<Small, float>(1);
      training.step(texts);  // at rate 0: the first of the warm-up
      for_each_array([](const Leaf&, const M& a, const M& b) { CHECK(a == b); },
                     training.state().params, start);

      Plain::State expected = training.state();
      auto sum = plain_gradient<Small>(expected.params, texts[0]).params;
      for_each_array([&](const Leaf&, M& s) { s *= weights[0]; }, sum);
      const float whole = weights[0] + weights[1] + weights[2];
      double loss = 0;
      for (std::size_t i = 0; i < 3; ++i) {
        const auto gradient = plain_gradient<Small>(expected.params, texts[i]);
        loss += static_cast<double>(weights[i] / whole) * gradient.loss;
        if (i == 0) continue;
        for_each_array([&](const Leaf&, M& s, const M& g) { s += weights[i] * g; }, sum,
                       gradient.params);
      }
      for_each_array([&](const Leaf&, M& s) { s *= 1 / whole; }, sum);
      AdamW{}.step(expected.params, sum, expected.adamw, schedule.rate(1));
      const StepReport report = training.step(texts);
      check_equal(training.state(), expected);
      CHECK(report.step == 1);
      CHECK(report.rate == schedule.rate(1));
      CHECK(report.loss == doctest::Approx(loss).epsilon(1e-6));
      CHECK(training.steps() == 2);
    }
  }

  TEST_CASE("A text that counts nothing, or less, is refused, and nothing waits then") {
    Plain training = plain();
    const Batch tokens = batch(2, 1);
    const std::vector<std::pair<float, std::string>> refused{
        {0.0F, "0"},
        {-1.5F, "-1.5"},
        {std::numeric_limits<float>::quiet_NaN(), "nan"},
        {std::numeric_limits<float>::infinity(), "inf"}};
    for (const auto& [weight, words] : refused) {
      const std::vector<Text> texts{{.tokens = tokens[0]}, {.tokens = tokens[1], .weight = weight}};
      CHECK_THROWS_WITH_AS(training.accumulate(texts),
                           ("Trainer.accumulate: weight must be positive, got " + words).c_str(),
                           RangeError);
      CHECK_THROWS_AS(training.update(), RangeError);
    }
  }

  TEST_CASE("Training goes on from a state as if it had not stopped") {
    Plain first = plain();
    first.step(batch(2, 1));
    first.step(batch(2, 2));
    Plain second(first.state(), {.schedule = schedule});
    first.step(batch(2, 3));
    second.step(batch(2, 3));
    check_equal(first.state(), second.state());
  }

  TEST_CASE("Frozen tensors keep their bits while the others learn") {
    Plain training = plain({.frozen = {"wte", "blocks.1."}});
    for (std::uint64_t step = 0; step < 3; ++step) training.step(batch(2, step));
    const auto start = laws::lively_params<Small, float>(1);
    for_each_array(
        [](const Leaf& leaf, const M& now, const M& before) {
          if (now.size() == 0) return;
          CAPTURE(leaf.name);
          const bool frozen =
              leaf.name == "model.wte.weight" || leaf.name.find("blocks.1.") != std::string::npos;
          CHECK((now == before) == frozen);
        },
        training.state().params, start);
  }

  TEST_CASE("Training on one text lowers its loss, with and without learning while reading") {
    const Batch texts = batch(1, 9);
    Meta training = meta(1);
    const double before = training.step(texts).loss;
    double after = before;
    for (int step = 0; step < 19; ++step) after = training.step(texts).loss;
    CHECK(after < 0.8 * before);
  }

  TEST_CASE("LinearRise scales the inner rate by the outer step") {
    const auto params = laws::lively_params<Small, float>(1);
    const auto text = batch(1, 4)[0];
    const MetaLoss<> risen{.inner = {.optimiser = {.rate = 0.1, .max_norm = 5}},
                           .inner_rate = {.start = 0, .steps = 4}};
    const auto loss = [&](Index step) {
      return risen.gradient<Small, M>(params, Text{.tokens = text}, step).loss;
    };
    const auto loss_at = [&](double rate) {
      const InnerLoop<> inner{.optimiser = {.rate = rate, .max_norm = 5}};
      return MetaLearner<Small>({.inner = inner}).gradient(params, {.tokens = text}).loss;
    };
    CHECK(loss(1) == loss_at(0.1 * 0.5));
    CHECK(loss(3) == loss_at(0.1));
    CHECK(loss(99) == loss_at(0.1));
  }

  TEST_CASE("A text that is not whole chunks is refused, and the state is untouched") {
    Plain training = plain();
    training.step(batch(2, 1));
    const Plain::State before = training.state();
    Batch texts = batch(3, 2);
    texts[1].pop_back();
    CHECK_THROWS_WITH_AS(training.step(texts),
                         "plain_gradient: text must have a positive multiple of 5 targets, got 14",
                         RangeError);
    check_equal(training.state(), before);
    CHECK_THROWS_WITH_AS(training.update(), "Trainer.update: no gradient waits", RangeError);
    CHECK_THROWS_WITH_AS(training.step(Batch{}), "Trainer.update: no gradient waits", RangeError);
    check_equal(training.state(), before);
  }

  TEST_CASE("A gradient that is not finite is refused by name, and the state is untouched") {
    auto params = laws::lively_params<Small, float>(1);
    params.norm.weight(0, 3) = std::numeric_limits<float>::infinity();
    Plain training({.params = params}, {.schedule = schedule});
    CHECK_THROWS_WITH_AS(training.step(batch(2, 1)),
                         "Trainer: step 0: gradient of model.wte.weight is not finite",
                         NumberError);
    check_equal(training.state(), Plain::State{.params = params});
    CHECK_THROWS_WITH_AS(training.update(), "Trainer.update: no gradient waits", RangeError);
  }

  TEST_CASE(
      "an objective trains with the penalties, and in each step with the slots, of its schedule") {
    using Model = laws::Keeping;
    using D = Matrix<double>;
    const auto params = laws::lively_params<Model>(1);
    Random random(2);
    const auto tokens = laws::drawn_tokens(7 * Model::spec.chunk + 1, Model::spec.vocab, random);
    const Text text{.tokens = tokens};
    const CacheSchedule layers{.keep_penalty = 0.3, .peak_penalty = 0.2, .slots = {2, 5}};
    const InnerLoop<> inner{.optimiser = {.rate = 0.1, .max_norm = 5}};
    const PlainLoss<CacheSchedule> reads{.layers = layers};
    const MetaLoss<InnerLoop<>, CacheSchedule> learns{.inner = inner, .layers = layers};
    std::vector<double> losses;
    for (const Index step : {0, 1, 2, 3, 4, 5}) {
      CAPTURE(step);
      const auto check = [](const auto& is, const auto& expected) {
        CHECK(is.loss == expected.loss);
        for_each_array([](const Leaf&, const auto& a, const auto& b) { CHECK(a == b); }, is.params,
                       expected.params);
      };
      const CacheOptions now = layers.at<Model>(step, text);
      const auto plain = reads.gradient<Model, D>(params, text, step);
      check(plain, plain_gradient<Model, D>(params, text, now));
      check(learns.gradient<Model, D>(params, text, step),
            MetaLearner<Model, D>({.inner = inner, .layers = now}).gradient(params, text));
      losses.push_back(plain.loss);
    }
    CHECK(std::ranges::min(losses) < std::ranges::max(losses));  // the slots do differ
  }

  TEST_CASE("A trainer without a schedule learns as with a constant rate") {
    const Batch texts = batch(2, 9);
    Plain training = trainer<Plain>({});
    Plain constant =
        trainer<Plain>({.schedule = {.peak = 3e-3, .end = 3e-3, .warmup = 0, .steps = 1}});
    const double before = training.step(texts).loss;
    constant.step(texts);
    double after = before;
    for (int step = 0; step < 99; ++step) {
      const StepReport report = training.step(texts);
      CHECK(report.rate == 3e-3);
      CHECK(report.loss == constant.step(texts).loss);
      after = report.loss;
    }
    check_equal(training.state(), constant.state());
    CHECK(after < 0.7 * before);
  }

  TEST_CASE("A rate that is not finite is refused in the first step, and the state is untouched") {
    const auto start = laws::lively_params<Small, float>(1);
    for (const double peak :
         {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
          -std::numeric_limits<double>::infinity()}) {
      for (const WarmupCosine& rates :
           {WarmupCosine{.peak = peak}, WarmupCosine{.peak = peak, .steps = 9},
            WarmupCosine{.peak = peak, .warmup = 3, .steps = 9}}) {
        Plain training = trainer<Plain>({.schedule = rates});
        CHECK_THROWS_WITH_AS(training.step(batch(1, 1)), "Trainer: step 0: rate is not finite",
                             NumberError);
        check_equal(training.state(), Plain::State{.params = start});
        CHECK_THROWS_WITH_AS(training.update(), "Trainer.update: no gradient waits", RangeError);
      }
    }
  }

  TEST_CASE("A rate that makes a parameter infinite is refused, and the state is untouched") {
    Plain training = trainer<Plain>({.schedule = {.peak = 1e39}});
    CHECK_THROWS_WITH_AS(training.step(batch(1, 1)),
                         "AdamW: step 0: model.wte.weight would not be finite", NumberError);
    check_equal(training.state(), Plain::State{.params = laws::lively_params<Small, float>(1)});

    training = plain();
    training.step(batch(2, 1));
    training.step(batch(2, 2));
    const Plain::State before = training.state();
    Plain wild(before, {.schedule = {.peak = 1e39}});
    CHECK_THROWS_WITH_AS(wild.step(batch(1, 1)),
                         "AdamW: step 2: model.wte.weight would not be finite", NumberError);
    check_equal(wild.state(), before);
  }
}

}  // namespace
