// SPDX-License-Identifier: Apache-2.0
#include <ttt/learn/adjoint.hpp>

#include <doctest/doctest.h>

#include <numeric>

#include "laws/gradient.hpp"
#include "laws/hybrids.hpp"
#include "laws/meta_gradient.hpp"

namespace {

using namespace ttt;
using M = Matrix<double>;

template <class Model>
std::vector<Token> text_of(Index time) {
  Random random(3);
  return laws::drawn_tokens(time + 1, Model::spec.vocab, random);
}

TEST_SUITE("model") {
  TEST_CASE_TEMPLATE(
      "The gradient of a model without chunks is the difference quotient, for a text of any length",
      Model, laws::Own, laws::Twice, laws::FiveToOne) {
    const auto params = laws::lively_params<Model>(4);
    for (const Index time : {1, 17}) {
      CAPTURE(time);
      const auto tokens = text_of<Model>(time);
      const auto loss = [&](const auto& moved) {
        return plain_gradient<Model, M>(moved, {.tokens = tokens}).loss;
      };
      const auto gradient = plain_gradient<Model, M>(params, {.tokens = tokens});
      const double sum = std::accumulate(gradient.surprisal.begin(), gradient.surprisal.end(), 0.0);
      CHECK(std::ssize(gradient.surprisal) == time);
      CHECK(gradient.loss == doctest::Approx(sum / static_cast<double>(time)).epsilon(1e-13));
      // One token attends to itself alone: nothing of queries and keys is learned.
      if (time > 1) laws::check_gradient(params, gradient.params, loss);
    }
  }

  TEST_CASE("The mean over a text of any length leaves out what the loss mask does") {
    using Model = laws::Twice;
    const auto params = laws::lively_params<Model>(4);
    const auto tokens = text_of<Model>(12);  // the last chunk of 5 has 2
    const std::vector<std::uint8_t> mask{1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1};
    const auto gradient = plain_gradient<Model, M>(params, {.tokens = tokens, .loss_mask = mask});
    const auto& nats = gradient.surprisal;
    const double first = (nats[0] + nats[2] + nats[3] + nats[4]) / 4;
    const double second = (nats[5] + nats[6] + nats[7] + nats[8] + nats[9]) / 5;
    REQUIRE(gradient.chunk_loss.size() == 3);
    CHECK(gradient.chunk_loss[0] == doctest::Approx(first).epsilon(1e-13));
    CHECK(gradient.chunk_loss[1] == doctest::Approx(second).epsilon(1e-13));
    CHECK(gradient.chunk_loss[2] == doctest::Approx(nats[11]).epsilon(1e-13));
    CHECK(gradient.loss ==
          doctest::Approx((5 * first + 5 * second + 2 * nats[11]) / 12).epsilon(1e-13));
  }

  TEST_CASE("A model with chunks refuses a text that is not whole chunks, one without does not") {
    const auto tokens = text_of<laws::LearningHybrid>(12);
    const auto params = laws::lively_params<laws::LearningHybrid>(4);
    const std::string targets = "text must have a positive multiple of 5 targets, got 12";
    CHECK_THROWS_WITH_AS(
        static_cast<void>(plain_gradient<laws::LearningHybrid, M>(params, {.tokens = tokens})),
        ("plain_gradient: " + targets).c_str(), RangeError);
    const MetaLearner<laws::LearningHybrid, M> learner({});
    CHECK_THROWS_WITH_AS(static_cast<void>(learner.gradient(params, {.tokens = tokens})),
                         ("meta_gradient: " + targets).c_str(), RangeError);
    CHECK_THROWS_WITH_AS(
        static_cast<void>(plain_gradient<laws::Own, M>(laws::lively_params<laws::Own>(4),
                                                       {.tokens = std::span(tokens).first(1)})),
        "plain_gradient: text must have a target", RangeError);
  }

  TEST_CASE("The meta-gradient goes through full attention under fast weights") {
    laws::check_meta_gradient<laws::LearningHybrid>(
        InnerLoop<>{.optimiser = {.rate = 0.1, .max_norm = 1.5}}, 3, 2);
  }
}

}  // namespace
