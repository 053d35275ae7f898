// SPDX-License-Identifier: Apache-2.0
#include <ttt/learn/trainer.hpp>
#include <ttt/parallel/thread_ranks.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "laws/cached_texts.hpp"

namespace {

using namespace ttt;
using laws::Small;

using M = Matrix<float>;
using State = TrainingState<Small::Params<M>>;

constexpr WarmupCosine schedule{.peak = 1e-2, .end = 1e-3, .warmup = 2, .steps = 20};
constexpr MetaLoss<> meta{.inner = {.optimiser = {.rate = 0.1, .max_norm = 5}}};

/// Texts that count differently, with the tokens that they are of.
struct Batch {
  std::vector<std::vector<Token>> tokens;
  std::vector<Text> texts;

  Batch(Index size, std::uint64_t seed) {
    Random random(seed);
    for (Index n = 0; n < size; ++n) {
      tokens.push_back(laws::drawn_tokens(2 * Small::spec.chunk + 1, Small::spec.vocab, random));
    }
    for (Index n = 0; n < size; ++n) {
      texts.push_back({.tokens = at(tokens, n), .weight = n % 2 == 0 ? 1.0F : 0.3F});
    }
  }
};

/// What a few steps on batches of some size come to.
struct Trained {
  State state;
  std::vector<StepReport> reports;
};

/// A step on a batch, and one on a batch and as much again.
template <class Objective, Communicator Ranks>
Trained train(const Objective& objective, Index size, const Ranks& ranks) {
  Trainer<Small, Objective, M, Ranks> trainer(
      {.params = laws::lively_params<Small, float>(1)},
      {.schedule = schedule, .objective = objective, .threads = 2, .ranks = ranks});
  Trained trained;
  trained.reports.push_back(trainer.step(Batch(size, 1).texts));
  trainer.accumulate(Batch(size, 2).texts);
  trainer.accumulate(Batch(size, 3).texts);
  trained.reports.push_back(trainer.update());
  trained.state = trainer.state();
  return trained;
}

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

void check_equal(const Trained& a, const Trained& b) {
  check_equal(a.state, b.state);
  REQUIRE(a.reports.size() == b.reports.size());
  for (std::size_t n = 0; n < a.reports.size(); ++n) {
    CHECK(a.reports[n].loss == b.reports[n].loss);
    CHECK(a.reports[n].norm == b.reports[n].norm);
  }
}

template <class Objective>
void check_ranks(const Objective& objective) {
  for (const Index size : {1, 2, 3, 4, 5}) {
    const Trained alone = train(objective, size, OneProcess{});
    for (const Index count : {1, 2, 3, 4}) {
      run_ranks(count, [&](const ThreadRank& rank) {
        CAPTURE(size);
        CAPTURE(count);
        CAPTURE(rank.rank());
        check_equal(train(objective, size, rank), alone);
      });
    }
  }
}

using Ranked = Trainer<Small, PlainLoss<>, M, ThreadRank>;

TEST_SUITE("learn") {
  TEST_CASE("any number of ranks gives the bits of one process, plainly trained") {
    check_ranks(PlainLoss<>{});
  }

  TEST_CASE("any number of ranks gives the bits of one process, trained for learning") {
    check_ranks(meta);
  }

  TEST_CASE(
      "a gradient that is not finite is refused on every rank, and the states are untouched") {
    auto params = laws::lively_params<Small, float>(1);
    params.norm.weight(0, 3) = std::numeric_limits<float>::infinity();
    run_ranks(3, [&](const ThreadRank& rank) {
      Ranked trainer({.params = params}, {.schedule = schedule, .ranks = rank});
      CHECK_THROWS_WITH_AS(trainer.step(Batch(4, 1).texts),
                           "Trainer: step 0: gradient of model.wte.weight is not finite",
                           NumberError);
      check_equal(trainer.state(), State{.params = params});
    });
  }

  TEST_CASE("a text that one rank refuses is refused on every rank, and what waited still waits") {
    const Trained alone = train(PlainLoss<>{}, 3, OneProcess{});
    run_ranks(3, [&](const ThreadRank& rank) {
      Ranked trainer({.params = laws::lively_params<Small, float>(1)},
                     {.schedule = schedule, .ranks = rank});
      trainer.step(Batch(3, 1).texts);
      trainer.accumulate(Batch(3, 2).texts);
      Batch wrong(3, 7);
      wrong.tokens[1].pop_back();
      wrong.texts[1].tokens = wrong.tokens[1];
      if (rank.rank() == 1) {
        CHECK_THROWS_AS(trainer.accumulate(wrong.texts), RangeError);
      } else {
        CHECK_THROWS_WITH_AS(trainer.accumulate(wrong.texts),
                             "Trainer.accumulate: another rank has failed", CommunicatorError);
      }
      trainer.accumulate(Batch(3, 3).texts);
      trainer.update();
      check_equal(trainer.state(), alone.state);
    });
  }

  TEST_CASE("a rank that is lost ends the step of the others, with their states as they were") {
    for (const Index lost : {0, 1, 2}) {
      CAPTURE(lost);
      const auto body = [&](const ThreadRank& rank) {
        Ranked trainer({.params = laws::lively_params<Small, float>(1)},
                       {.schedule = schedule, .ranks = rank});
        trainer.step(Batch(3, 1).texts);
        if (rank.rank() == lost) return;
        const State before = trainer.state();
        CHECK_THROWS_AS(trainer.step(Batch(3, 2).texts), CommunicatorError);
        check_equal(trainer.state(), before);
        CHECK_THROWS_WITH_AS(trainer.update(), "Trainer.update: no gradient waits", RangeError);
      };
      run_ranks(3, body);
    }
  }
}

}  // namespace
