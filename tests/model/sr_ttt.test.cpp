// SPDX-License-Identifier: Apache-2.0
#include <ttt/learn/adamw.hpp>
#include <ttt/learn/sr_ttt.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "laws/gradient.hpp"
#include "laws/numbers.hpp"

namespace {

using namespace ttt;
using laws::normal;

/// A part of the filter does not divide the window, and the last head is not the first.
constexpr SrTttSpec small = checked_sr_ttt({.vocab = 13,
                                            .width = 6,
                                            .depth = 2,
                                            .heads = 2,
                                            .head = 4,
                                            .hidden = 7,
                                            .window = 12,
                                            .chunk = 4,
                                            .slots = 5});
constexpr SrTttSpec with(auto change) {
  SrTttSpec spec = small;
  change(spec);
  return checked_sr_ttt(spec);
}
constexpr SrTttSpec shallow = with([](SrTttSpec& s) { s.depth = 1; });
constexpr SrTttSpec detached = with([](SrTttSpec& s) { s.steps = InnerSteps::detached; });
using Small = SrTtt<small>;
using Shallow = SrTtt<shallow>;
using Detached = SrTtt<detached>;

constexpr PercentileFilter filter{.percent = 60, .part = 5};

/// Parameters away from where training starts and from every corner.
template <class Model, class S = double>
typename Model::template Params<Matrix<S>> lively(std::uint64_t seed) {
  Random random(seed);
  return map_tree<Matrix<S>>(
      [&](const Leaf& leaf, const SrTttTensor& tensor) -> Matrix<S> {
        if (leaf.name.ends_with("gate_param")) return Matrix<S>::Constant(1, 1, S(0.4));
        Matrix<S> numbers = normal<S>(tensor.rows, tensor.cols, random, 0.4);
        if (leaf.name.ends_with("ttt_lr")) {
          numbers = (S(0.1) + numbers.array().abs() * S(0.1)) * numbers.array().sign();
        } else if (tensor.constant == 1) {
          numbers.array() += S(1);
        }
        return numbers;
      },
      Model::tensors());
}

template <class Model>
std::vector<Token> text(Index time) {
  Random random(3);
  return laws::drawn_tokens(time, Model::spec.vocab, random);
}

/// Rows of logits, and how many tokens the caches hold afterwards.
template <class Model, class S>
struct Reading {
  Matrix<S> logits;
  std::size_t kept = 0;

  Reading(const typename Model::template Params<Matrix<S>>& params, std::span<const Token> tokens,
          const SrTttOptions& options) {
    SrTttSession<Model, S> session(params, options);
    logits = session.read(tokens);
    for (const auto& block : session.state().blocks) kept += block.cache.entries.size();
  }
};

/// The gradient equals the difference quotient for every tensor whose name has none of `left_out`.
template <class Model, class Params, class Loss>
void check_moving(const Params& params, const Params& gradient, Loss loss,
                  const std::vector<std::string>& left_out) {
  Random random(17);
  Params moved = params;
  for_each_array(
      [&](const Leaf& leaf, Matrix<double>& array, const Matrix<double>& g) {
        CAPTURE(leaf.name);
        for (const std::string& part : left_out) {
          if (leaf.name.find(part) != std::string::npos) return;
        }
        const Matrix<double> start = array;
        const auto direction = normal(array.rows(), array.cols(), random);
        const double expected = laws::slope(
            [&](double by) {
              array = start + by * direction;
              return loss(moved);
            },
            1e-4);
        array = start;
        CHECK(std::abs(expected) > 0);
        CHECK(std::abs(g.cwiseProduct(direction).sum() - expected) <=
              laws::gradient_tolerance * std::abs(expected));
      },
      moved, gradient);
}

TEST_SUITE("model") {
  TEST_CASE_TEMPLATE("changing a token changes no bit of what SR-TTT makes of earlier ones", S,
                     double, float) {
    const auto params = lively<Small, S>(1);
    const auto tokens = text<Small>(50);
    for (const Caching caching : {Caching::on, Caching::off}) {
      const SrTttOptions options{.filter = filter, .caching = caching};
      const Reading<Small, S> whole(params, tokens, options);
      CHECK((whole.kept > 0) == (caching == Caching::on));
      for (Index changed = 0; changed < 50; ++changed) {
        CAPTURE(changed);
        auto other = tokens;
        for (std::size_t t = static_cast<std::size_t>(changed); t < other.size(); ++t) {
          other[t] = (other[t] + 1) % static_cast<Token>(small.vocab);
        }
        const Reading<Small, S> again(params, other, options);
        CHECK(again.logits.topRows(changed) == whole.logits.topRows(changed));
        CHECK(again.logits.row(changed) != whole.logits.row(changed));
      }
    }
  }

  TEST_CASE("SR-TTT reads a text in parts as it reads it whole") {
    const auto params = lively<Small>(1);
    const auto tokens = text<Small>(61);
    const SrTttOptions options{.filter = filter, .forced = {7, 8, 30}};
    const Reading<Small, double> whole(params, tokens, options);
    Random random(4);
    for (int cut = 0; cut < 20; ++cut) {
      SrTttSession<Small, double> session(params, options);
      const Index longest = cut == 0 ? 1 : 1 + random.below(25);
      for (std::span rest(tokens); !rest.empty();) {
        const Index first = session.position();
        const auto count =
            std::min(rest.size(), static_cast<std::size_t>(1 + random.below(longest)));
        const Matrix<double> logits = session.read(rest.first(count));
        CAPTURE(first);
        CHECK(laws::disagreement(
                  logits, Matrix<double>(whole.logits.middleRows(first, logits.rows()))) < 1e-12);
        rest = rest.subspan(count);
      }
    }
  }

  TEST_CASE("the gradient of the first stage equals the difference quotient") {
    const auto params = lively<Small>(1);
    const auto tokens = text<Small>(31);
    const SrTttOptions options{.filter = filter, .caching = Caching::off};
    const auto loss = [&](const auto& moved) {
      return sr_ttt_gradient<Small, double>(moved, tokens, options).loss;
    };
    const auto gradient = sr_ttt_gradient<Small, double>(params, tokens, options).params;
    check_moving<Small>(params, gradient, loss, frozen_in(SrTttStage::backbone));
  }

  TEST_CASE("the gradient with a cache equals the difference quotient where nothing kept moves") {
    const auto params = lively<Shallow>(1);
    const auto tokens = text<Shallow>(31);
    const SrTttOptions options{.filter = filter, .forced = {5, 6}};
    const SrTttObjective objective{
        .answer = 0.7, .oracle = 0.3, .queries = {20, 26, 27}, .needle = {5, 6, 29}};
    const auto loss = [&](const auto& moved) {
      return sr_ttt_gradient<Shallow, double>(moved, tokens, options, objective).loss;
    };
    const auto gradient = sr_ttt_gradient<Shallow, double>(params, tokens, options, objective);
    CHECK(gradient.oracle > 0);
    CHECK(gradient.loss ==
          doctest::Approx(gradient.language + 0.7 * gradient.answer + 0.3 * gradient.oracle));
    // What enters the cache is a constant to the gradient, and these move it.
    check_moving<Shallow>(params, gradient.params, loss, {"embed.", "norm1."});
  }

  TEST_CASE("detached steps change no value, and let nothing reach keys and values") {
    const auto tokens = text<Small>(31);
    const SrTttOptions options{.filter = filter};
    const auto whole = sr_ttt_gradient<Small, double>(lively<Small>(1), tokens, options);
    const auto cut = sr_ttt_gradient<Detached, double>(lively<Detached>(1), tokens, options);
    CHECK(cut.loss == whole.loss);
    const auto& memory = cut.params.blocks[0].memory;
    CHECK(memory.wk.norm() == 0);
    CHECK(memory.wv.norm() == 0);
    CHECK(memory.norm_weight.norm() == 0);
    CHECK(memory.rate.norm() > 0);
    CHECK(memory.weights.norm() > 0);
    CHECK(whole.params.blocks[0].memory.wk.norm() > 0);
  }

  TEST_CASE("SR-TTT starts as published") {
    constexpr SrTttSpec wide = checked_sr_ttt({.vocab = 500,
                                               .width = 64,
                                               .depth = 1,
                                               .heads = 4,
                                               .head = 16,
                                               .hidden = 128,
                                               .window = 64,
                                               .chunk = 16,
                                               .slots = 256});
    const auto params = SrTtt<wide>::initial<double>(1);
    const auto& block = params.blocks[0];
    const auto deviation = [](const Matrix<double>& m) {
      return m.norm() / std::sqrt(static_cast<double>(m.size()));
    };
    CHECK(block.gate(0, 0) == 0.05);
    CHECK(block.memory.rate == Matrix<double>::Constant(1, 4, 0.01));
    CHECK(block.norm1 == Matrix<double>::Ones(1, 64));
    CHECK(params.norm_bias == Matrix<double>::Zero(1, 64));
    CHECK(deviation(params.embedding) == doctest::Approx(0.5 * std::sqrt(2.0 / 564)).epsilon(0.02));
    CHECK(deviation(block.memory.wq) == doctest::Approx(0.0625).epsilon(0.05));
    const double bound = std::sqrt(6.0 / (16 * 16 + 4 * 16));
    CHECK(block.memory.weights.cwiseAbs().maxCoeff() <= bound);
    CHECK(deviation(block.memory.weights) == doctest::Approx(bound / std::sqrt(3)).epsilon(0.05));
  }

  TEST_CASE("each stage trains what the other leaves as it is") {
    const auto start = Small::initial<double>(1);
    const auto tokens = text<Small>(31);
    for (const SrTttStage stage : {SrTttStage::backbone, SrTttStage::recall}) {
      const bool recall = stage == SrTttStage::recall;
      const SrTttOptions options{.filter = filter, .caching = recall ? Caching::on : Caching::off};
      auto params = start;
      const auto gradient = sr_ttt_gradient<Small, double>(params, tokens, options);
      const AdamW adamw{.frozen = frozen_in(stage)};
      AdamW::State<Small::Params<Matrix<double>>> state;
      adamw.step(params, gradient.params, state, 1e-2);
      for_each_array(
          [&](const Leaf& leaf, const auto& before, const auto& after) {
            CAPTURE(leaf.name);
            const bool of_cache = leaf.name.find("cache_attn") != std::string::npos ||
                                  leaf.name.find("gate_param") != std::string::npos;
            CHECK((before != after) == (of_cache == recall));
          },
          start, params);
    }
  }

  TEST_CASE("where steps are detached, what gets no gradient does not decay either") {
    const auto frozen = frozen_in(SrTttStage::backbone, InnerSteps::detached);
    const auto gradient = sr_ttt_gradient<Detached, double>(
        lively<Detached>(1), text<Detached>(31), {.filter = filter, .caching = Caching::off});
    for_each_array(
        [&](const Leaf& leaf, const auto& g) {
          CAPTURE(leaf.name);
          const bool left = std::ranges::any_of(frozen, [&](const std::string& part) {
            return leaf.name.find(part) != std::string::npos;
          });
          CHECK((g.norm() == 0) == left);
        },
        gradient.params);
  }

  TEST_CASE("SR-TTT refuses what it cannot read") {
    const auto params = lively<Small>(1);
    SrTttSession<Small, double> session(params);
    CHECK_THROWS_WITH_AS(session.read(std::vector<Token>{1, 13}),
                         "SrTttSession.read: token must be in 0..12, got 13", RangeError);
    CHECK(session.position() == 0);
    CHECK_THROWS_AS(session.read(std::vector<Token>{-1}), RangeError);

    Small::State<Matrix<double>> state;
    const auto tokens = text<Small>(13);
    const auto ignore = [](const auto& /*event*/) {};
    const SrTttOptions options;
    CHECK_THROWS_WITH_AS(
        static_cast<void>(Small::read(params, state, std::span(tokens), 0, options, ignore)),
        "SrTtt.read: a read at position 0 must end with its window, after at most 12 tokens, got "
        "13",
        RangeError);

    // A text that was taken as complete in the middle of a window does not go on.
    session.read(std::span(tokens).first(5));
    session.settle(ignore);
    session.read(std::span(tokens).first(7));
    CHECK_THROWS_WITH_AS(
        session.read(std::span(tokens).first(12)),
        "SrTttBlock.read: a read at position 12 must end with its window, after at "
        "most 5 tokens, got 12",
        RangeError);

    const auto gradient = [&](std::span<const Token> part, const SrTttObjective& objective) {
      static_cast<void>(sr_ttt_gradient<Small, double>(params, part, options, objective));
    };
    CHECK_THROWS_WITH_AS(gradient(std::span(tokens).first(1), {}),
                         "sr_ttt_gradient: text must have a target", RangeError);
    CHECK_THROWS_WITH_AS(gradient(tokens, {.queries = {12}, .needle = {1}}),
                         "sr_ttt_gradient: query must be in 0..11, got 12", RangeError);
    CHECK_THROWS_WITH_AS(gradient(tokens, {.oracle = 1, .queries = {11}}),
                         "sr_ttt_gradient: needle must be [1], got [0]", ShapeError);
  }
}

}  // namespace
