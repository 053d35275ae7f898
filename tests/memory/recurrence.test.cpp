// SPDX-License-Identifier: Apache-2.0
#include "reference/recurrence.hpp"

#include <ttt/memory/delta_rule.hpp>
#include <ttt/memory/state_space.hpp>

#include <doctest/doctest.h>

#include <cmath>

#include "laws/numbers.hpp"

namespace {

using namespace ttt;
using laws::disagreement;
using laws::normal;
using M = Matrix<double>;

/// Rounding of sums over a text of some chunks.
constexpr double rounding = 1e-12;
/// The printed digits of the golden vectors.
constexpr double printed = 6e-9;

/// Numbers in [0, 1].
M shares(Index rows, Index cols, Random& random) {
  return M::NullaryExpr(rows, cols, [&](Index, Index) { return random.uniform(); });
}

/// by sin(0.7 n + shift) for each element n, row by row.
M waves(Index rows, Index cols, double shift, double by = 1) {
  return M::NullaryExpr(rows, cols, [&](Index r, Index c) {
    return by * std::sin(0.7 * static_cast<double>(r * cols + c) + shift);
  });
}

M column(Index rows, double by) {
  return M::NullaryExpr(rows, 1, [&](Index r, Index) { return by * static_cast<double>(r + 1); });
}

/// A text of four heads in two groups, with a state before it.
struct Sample {
  static constexpr Index time = 23;
  static constexpr RecurrentHeads heads{.heads = 4, .groups = 2};
  Random random{1};
  M state = normal(3, 4 * 5, random);
  M q = normal(time, 2 * 3, random);
  M k = unit_norm(normal(time, 2 * 3, random), 2);
  M v = normal(time, 4 * 5, random);
  M beta = shares(time, 4, random);
  M g = shares(time, 4, random) * -1;
};

TEST_SUITE("memory") {
  TEST_CASE("A state space reads in chunks of any size what it reads token by token") {
    const Sample text;
    const auto expected =
        reference::state_space(text.state, text.v, text.k, text.q, text.beta, text.g);
    for (const Index chunk : {1, 2, 7, 23, 64}) {
      CAPTURE(chunk);
      M state = text.state;
      const M y = StateSpace{.heads = text.heads, .chunk = chunk}.read(
          state, StateSpaceRows<M>{text.v, text.k, text.q, text.beta, text.g});
      CHECK(disagreement(y, expected.y) < rounding);
      CHECK(disagreement(state, expected.state) < rounding);
    }
  }

  TEST_CASE("A delta rule reads in chunks of any size what it reads token by token") {
    const Sample text;
    for (const double rate : {1.0, 2.0}) {
      const auto expected =
          reference::delta_rule(text.state, text.q, text.k, text.v, M(rate * text.beta), text.g);
      for (const Index chunk : {1, 2, 7, 23, 64}) {
        CAPTURE(rate);
        CAPTURE(chunk);
        M state = text.state;
        const M y = DeltaRule{.heads = text.heads, .chunk = chunk, .rate = rate}.read(
            state, DeltaRows<M>{text.q, text.k, text.v, text.beta, text.g});
        CHECK(disagreement(y, expected.y) < rounding);
        CHECK(disagreement(state, expected.state) < rounding);
      }
    }
  }

  TEST_CASE("A text may begin without a state, which is one of zeros") {
    const Sample text;
    const auto check = [](const auto& recurrence, const auto& rows) {
      M none;
      M zeros = M::Zero(3, 4 * 5);
      CHECK(disagreement(recurrence.read(none, rows), recurrence.read(zeros, rows)) < rounding);
      CHECK(disagreement(none, zeros) < rounding);
    };
    check(DeltaRule{.heads = text.heads, .chunk = 7},
          DeltaRows<M>{text.q, text.k, text.v, text.beta, text.g});
    check(StateSpace{.heads = text.heads, .chunk = 7},
          StateSpaceRows<M>{text.v, text.k, text.q, text.beta, text.g});
  }

  TEST_CASE("Without a decay, a gated delta rule is DeltaNet") {
    const Sample text;
    const M none = M::Zero(text.time, 4);
    M weights = text.state;
    M expected(text.time, 4 * 5);
    for (Index t = 0; t < text.time; ++t) {
      for (Index h = 0; h < 4; ++h) {
        const M k = text.k.row(t).segment(h / 2 * 3, 3);
        auto map = weights.middleCols(h * 5, 5);
        const M error = text.v.row(t).segment(h * 5, 5) - k * map;
        map += text.beta(t, h) * k.transpose() * error;
        expected.row(t).segment(h * 5, 5) = text.q.row(t).segment(h / 2 * 3, 3) * map;
      }
    }
    M state = text.state;
    const M y = DeltaRule{.heads = text.heads, .chunk = 7}.read(
        state, DeltaRows<M>{text.q, text.k, text.v, text.beta, none});
    CHECK(disagreement(y, expected) < rounding);
    CHECK(disagreement(state, weights) < rounding);
  }

  TEST_CASE("Keys at right angles are stored and read without an error") {
    const M k = M::Identity(4, 4);
    const M v = waves(4, 3, 0.2);
    M state;
    static_cast<void>(DeltaRule{.heads = {.heads = 1, .groups = 1}, .chunk = 4}.read(
        state, DeltaRows<M>{k, k, v, M::Ones(4, 1), M::Zero(4, 1)}));
    CHECK(disagreement(state, v) < rounding);
  }

  TEST_CASE("Without a decay, a recurrence is linear attention") {
    Random random(2);
    const M q = normal(9, 3, random);
    const M k = normal(9, 3, random);
    const M v = normal(9, 4, random);
    const M expected = reference::linear_attention(q, k, v);
    const LinearRecurrence<M> recurrence({.heads = 1, .groups = 1});
    M state;
    const M first = recurrence.read(state, M(q.topRows(4)), M(k.topRows(4)), M(v.topRows(4)));
    const M second =
        recurrence.read(state, M(q.bottomRows(5)), M(k.bottomRows(5)), M(v.bottomRows(5)));
    CHECK(disagreement(first, M(expected.topRows(4))) < rounding);
    CHECK(disagreement(second, M(expected.bottomRows(5))) < rounding);
  }

  TEST_CASE("A gated delta rule of four tokens reads and stores known numbers") {
    const M k = unit_norm(waves(4, 3, 0.2), 1);
    const M q = unit_norm(waves(4, 3, 0.1), 1, 1 / std::sqrt(3.0));
    const M beta = sigmoid(M(waves(1, 4, 0.4).transpose()));
    M state;
    const M o = DeltaRule{.heads = {.heads = 1, .groups = 1}, .chunk = 4}.read(
        state, DeltaRows<M>{q, k, waves(4, 2, 0.3), beta, column(4, -0.1)});
    M expected(4, 2);
    expected << .10134872, .28858267, .40816526, .29291169, -.01856872, -.31537741, -.40375640,
        -.29878088;
    CHECK((o - expected).cwiseAbs().maxCoeff() < printed);
    M stored(3, 2);
    stored << .09095926, .19574210, -.34931308, -.20829103, -.62529802, -.51436163;
    CHECK((state - stored).cwiseAbs().maxCoeff() < printed);
  }

  TEST_CASE("A state space of four tokens reads and stores known numbers") {
    const M x = waves(4, 2, 0.1);
    const M step = column(4, 0.1);
    M state;
    const M y =
        StateSpace{.heads = {.heads = 1, .groups = 1}, .chunk = 4}.read(
            state, StateSpaceRows<M>{x, waves(4, 3, 0.2), waves(4, 3, 0.3), step, M(-0.5 * step)}) +
        x;
    M expected(4, 2);
    expected << .11689594, .83995939, 1.15980872, .91443935, .25483158, -.85928109, -1.65419306,
        -1.39589771;
    CHECK((y - expected).cwiseAbs().maxCoeff() < printed);
    M stored(2, 3);
    stored << -.02865510, -.32043169, -.46150424, .11497612, -.15188858, -.34731771;
    CHECK((state.transpose() - stored).cwiseAbs().maxCoeff() < printed);
  }
}

}  // namespace
