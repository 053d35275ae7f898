// SPDX-License-Identifier: Apache-2.0
#include "reference/sr_ttt.hpp"

#include <ttt/learn/gradient.hpp>
#include <ttt/model/session.hpp>
#include <ttt/model/systems.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "laws/numbers.hpp"
#include "laws/small_sr_ttt.hpp"

namespace {

using namespace ttt;
using laws::disagreement;
using laws::normal;
using laws::small_sr_ttt;
using M = Matrix<double>;

constexpr ResidualDelta<> memory{
    .slots = 9, .largest_gate = 0.4, .filter = {.percent = 61.7, .part = 7}};
constexpr ResidualDelta<> cut{.slots = 9,
                              .largest_gate = 0.4,
                              .filter = {.percent = 61.7, .part = 7},
                              .delta = {.steps = InnerSteps::detached}};
using Model = SrTtt<small_sr_ttt, 2, memory>;
using Detached = SrTtt<small_sr_ttt, 2, cut>;

reference::SrTttSettings plain_settings(const SrTttOptions& options, bool detached = false) {
  return {.heads = 2,
          .head = 10,
          .window = 20,
          .chunk = 6,
          .slots = 9,
          .largest_gate = 0.4,
          .percent = 61.7,
          .decay = 0.9,
          .share = 0.8,
          .part = 7,
          .caching = options.caching == Caching::on,
          .detached = detached,
          .forced = options.forced,
          .queries = options.queries,
          .needles = options.needles};
}

/// Parameters away from where training starts and from every corner; one gate and one rate are
/// beyond their bounds if `clamped`.
template <class Any, class S = double>
typename Any::template Params<Matrix<S>> lively(bool clamped, std::uint64_t seed = 1) {
  Random random(seed);
  return map_tree<Matrix<S>>(
      [&](const Leaf& leaf, const TensorSpec& tensor) -> Matrix<S> {
        Matrix<S> numbers = normal<S>(tensor.rows, tensor.cols, random, 0.4);
        if (leaf.name.ends_with("gate_param")) {
          const bool beyond = clamped && leaf.name.find("blocks.1") != std::string::npos;
          numbers.setConstant(beyond ? S(0.7) : S(0.3));
        } else if (leaf.name.ends_with("ttt_lr")) {
          for (Index h = 0; h < numbers.cols(); ++h) {
            numbers(0, h) = h % 2 == 0 ? S(0.03) : S(clamped ? -0.2 : -0.05);
          }
        } else if (tensor.init.constant == 1) {
          numbers.array() += S(1);
        }
        return numbers;
      },
      Any::tensors());
}

std::vector<Token> text(Index time) {
  Random random(3);
  return laws::drawn_tokens(time, small_sr_ttt.vocab, random);
}

/// State and part of block n of any model here.
auto& memory_of(auto& state, Index n) {
  return std::get<0>(at(std::get<0>(state.stages), n).parts);
}

/// The states of a model hold what the plain loop holds.
template <class State, class Plain>
void check_state(const State& state, const Plain& plain) {
  constexpr double bound = 1e-12;
  for (Index b = 0; b < std::ssize(plain.blocks); ++b) {
    CAPTURE(b);
    const auto& ours = memory_of(state, b);
    const auto& theirs = at(plain.blocks, b);
    for (Index h = 0; h < std::ssize(theirs.weights); ++h) {
      CHECK(disagreement(M(ours.delta.weights.middleCols(h * 10, 10)), at(theirs.weights, h)) <
            bound);
    }
    if (theirs.threshold >= 0) {
      REQUIRE(ours.threshold.size() == 1);
      CHECK(ours.threshold[0] == doctest::Approx(theirs.threshold).epsilon(bound));
    } else {
      CHECK(ours.threshold.empty());
    }
    REQUIRE(ours.cache.entries.size() == theirs.cache.size());
    REQUIRE(ours.surprisal.size() == theirs.window.size());
    const auto check_row = [&](const M& rows, std::size_t n, const reference::Row& row) {
      const M expected = Eigen::Map<const M>(row.data(), 1, std::ssize(row));
      CHECK(disagreement(M(rows.row(static_cast<Index>(n))), expected) < bound);
    };
    for (std::size_t n = 0; n < theirs.cache.size(); ++n) {
      CAPTURE(n);
      CHECK(ours.cache.entries[n].position == theirs.cache[n].position);
      CHECK(ours.cache.entries[n].insertions == theirs.cache[n].age);
      CHECK(ours.cache.entries[n].surprisal ==
            doctest::Approx(theirs.cache[n].surprisal).epsilon(bound));
      check_row(ours.cache.hidden, n, theirs.cache[n].hidden);
    }
    for (std::size_t n = 0; n < theirs.window.size(); ++n) {
      CHECK(ours.surprisal[n] == doctest::Approx(theirs.window[n].surprisal).epsilon(bound));
      check_row(ours.window, n, theirs.window[n].hidden);
    }
  }
}

/// The loss of a text by the plain loop: mean of -log p, weighted targets, the oracle's mean.
template <class Plain>
double plain_loss(Plain& plain, const std::vector<Token>& tokens, const std::vector<float>& weight,
                  double oracle) {
  const std::size_t time = tokens.size() - 1;
  double loss = 0;
  for (std::size_t t = 0; t < time; ++t) {
    const reference::Row logits = plain.read(tokens[t]);
    double total = 0;
    for (const double x : logits) total += std::exp(x);
    const double nats = std::log(total) - logits[static_cast<std::size_t>(tokens[t + 1])];
    loss += nats * (1 / static_cast<double>(time) + static_cast<double>(weight[t]));
  }
  double sum = 0;
  double count = 0;
  for (const auto& block : plain.blocks) {
    for (const double nats : block.oracle) sum += nats;
    count += static_cast<double>(block.oracle.size());
  }
  return loss + (count > 0 ? oracle * sum / count : 0);
}

TEST_SUITE("model") {
  TEST_CASE("SR-TTT equals its plain loop, whatever the cuts of the text") {
    const auto params = lively<Model>(true);
    const auto tokens = text(111);
    for (const Caching caching : {Caching::on, Caching::off}) {
      const SrTttOptions options{.caching = caching, .forced = {7, 8, 30, 87}};
      const auto settings = plain_settings(options);
      Random random(4);
      for (int way = 0; way < 8; ++way) {
        const Index longest = way == 0 ? 111 : way == 1 ? 1 : 1 + random.below(40);
        reference::SrTttModel plain(params, settings);
        Model::State<M> state;
        RotaryTables<M> rotary;
        for (std::size_t at = 0; at < tokens.size();) {
          CAPTURE(at);
          const auto most = static_cast<std::size_t>(way < 2 ? longest : 1 + random.below(longest));
          const std::size_t count = std::min(tokens.size() - at, most);
          const auto part = std::span(tokens).subspan(at, count);
          const Model::ContextOf<M> context{.spec = small_sr_ttt,
                                            .rotary = rotary,
                                            .position = static_cast<Index>(at),
                                            .options = options};
          const M logits = Model::logits(
              params, Model::suffix(params, state, Model::embed(params, part), context, 0));
          for (std::size_t n = 0; n < count; ++n) {
            const reference::Row row = plain.read(part[n]);
            CHECK(disagreement(M(logits.row(static_cast<Index>(n))),
                               M(Eigen::Map<const M>(row.data(), 1, small_sr_ttt.vocab))) < 1e-12);
          }
          if (caching == Caching::off) {
            for (auto& block : plain.blocks) block.window.clear();
          }
          check_state(state, plain);
          at += count;
          Model::validate(state, static_cast<Index>(at));
        }
      }
    }
  }

  TEST_CASE("flush takes the last chunk and the last window as complete") {
    const auto params = lively<Model>(true);
    for (const Index time : {111, 108, 100, 5}) {
      CAPTURE(time);
      const auto tokens = text(time);
      const SrTttOptions options;
      const auto settings = plain_settings(options);
      reference::SrTttModel plain(params, settings);
      for (const Token token : tokens) static_cast<void>(plain.read(token));
      Session<Model, M> session(params);
      session.read(tokens);
      auto state = session.state().memory;
      RotaryTables<M> rotary;
      const Model::ContextOf<M> context{
          .spec = small_sr_ttt, .rotary = rotary, .position = time, .options = options};
      for (Index b = 0; b < 2; ++b) {
        With<memory>{}.flush(std::get<0>(at(std::get<0>(params.stages), b).parts).part,
                             memory_of(state, b), context);
        at(plain.blocks, b).flush();
      }
      check_state(state, plain);
      Model::validate(state, time);
    }
  }

  TEST_CASE_TEMPLATE("a gradient of SR-TTT equals the difference quotient", Any, Model, Detached) {
    const bool detached = std::is_same_v<Any, Detached>;
    const auto params = lively<Any>(false);
    const auto tokens = text(72);
    std::vector<float> weight(71, 0);
    weight[45] = 0.25F;
    weight[66] = 0.5F;
    for (const double oracle : {-1.0, 0.0, 0.3}) {  // -1: without a cache
      SrTttOptions options{.caching = oracle < 0 ? Caching::off : Caching::on,
                           .forced = {5, 6, 31}};
      if (oracle > 0) {
        options.oracle = oracle;
        options.queries = {45, 58, 66, 70, 71, 12};
        options.needles = {5, 6, 31, 2, 6, 5};
      }
      const auto gradient =
          plain_gradient<Any, M>(params, {.tokens = tokens, .loss_weight = weight}, options);
      const auto settings = plain_settings(options, detached);
      reference::SrTttModel fixed(params, settings);
      CHECK(gradient.loss ==
            doctest::Approx(plain_loss(fixed, tokens, weight, oracle)).epsilon(1e-12));
      CHECK((gradient.auxiliary > 0) == (oracle > 0));
      Random random(17);
      auto moved = params;
      for_each_array(
          [&](const Leaf& leaf, M& array, const M& g) {
            if (array.size() == 0) return;
            CAPTURE(leaf.name);
            const M start = array;
            const M direction = normal(array.rows(), array.cols(), random);
            const double expected = laws::slope(
                [&](double by) {
                  array = start + by * direction;
                  reference::SrTttModel again(moved, settings, &fixed);
                  return plain_loss(again, tokens, weight, oracle);
                },
                1e-4);
            array = start;
            const double ours = g.cwiseProduct(direction).sum();
            CHECK(std::abs(ours - expected) <= 1e-6 * std::abs(expected) + 1e-10);
          },
          moved, gradient.params);
    }
  }
}

}  // namespace
