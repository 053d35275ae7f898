// SPDX-License-Identifier: Apache-2.0
#include "reference/inner_learner.hpp"

#include <ttt/algebra/operations/step_shares.hpp>
#include <ttt/cpu/matrix.hpp>
#include <ttt/memory/delta_rule.hpp>
#include <ttt/memory/inner_learner.hpp>

#include <Eigen/SVD>
#include <doctest/doctest.h>

#include <array>
#include <cmath>

#include "laws/numbers.hpp"

namespace {

using namespace ttt;
using laws::disagreement;
using laws::normal;
using M = Matrix<double>;

/// a sin(0.7 place + s), row by row: what the golden vectors are computed from.
M waves(Index rows, Index cols, double s, double a) {
  M all(rows, cols);
  for (Index i = 0; i < all.size(); ++i) all.data()[i] = a * std::sin(0.7 * double(i) + s);
  return all;
}

M logistic_of(const M& x) { return 1 / (1 + (-x.array()).exp()); }

/// A map of an inner model.
InnerMap<M> map_of(M weight, M bias) {
  InnerMap<M> map{};
  map.weight = std::move(weight);
  map.bias = std::move(bias);
  return map;
}

template <class Learner>
using State = InnerMaps<M, Learner::maps>;

/// Parameters without shares moved, for a state that has begun.
template <class Learner>
typename Learner::template Params<M> params_of(InnerNorm<M> norm, Index chunk) {
  return {.model = {}, .norm = std::move(norm), .shares = M::Zero(chunk, 1)};
}

template <class Learner>
struct Golden {
  State<Learner> state;
  M answers;

  explicit Golden(State<Learner> start) : state(std::move(start)) {
    const auto params = params_of<Learner>(
        {.weight = M(1 + waves(1, 4, 0.6, 0.1).array()), .bias = waves(1, 4, 0.7, 0.1)}, 4);
    answers = Learner{}.read(params, state,
                             {.q = waves(4, 4, 0.1, 1),
                              .k = waves(4, 4, 0.2, 1),
                              .v = waves(4, 4, 0.3, 1),
                              .rates = M(logistic_of(waves(4, 1, 0.8, 1)) / 4),
                              .first = 0,
                              .chunk = 4},
                             1);
  }
};

/// Numbers as they are printed: nine places, and a half of the last.
void check_printed(const M& ours, const std::vector<double>& printed, double most = 6e-10) {
  REQUIRE(ours.size() == std::ssize(printed));
  for (Index i = 0; i < ours.size(); ++i) {
    CAPTURE(i);
    CHECK(std::abs(ours.data()[i] - at(printed, i)) < most);
  }
}

/// What the library's learner and the plain loops make of random rows.
template <class Model>
void check_against_plain_loops(Index chunk, Index time) {
  constexpr Index head = 4;
  Random random(1);
  const auto shapes = Model{}.shapes(head);
  using Learner = InnerLearner<Model>;
  State<Learner> state;
  auto& maps = state.maps;
  reference::InnerLearner plain;
  for (std::size_t n = 0; n < maps.size(); ++n) {
    maps[n] = map_of(normal(shapes[n].in, shapes[n].out, random, 0.5),
                     normal(1, shapes[n].out, random, 0.2));
    plain.weights.push_back(maps[n].weight);
    plain.biases.push_back(maps[n].bias);
  }
  const InnerNorm<M> norm{.weight = normal(1, head, random), .bias = normal(1, head, random)};
  plain.norm_weight = norm.weight;
  plain.norm_bias = norm.bias;
  const M q = normal(time, head, random);
  const M k = normal(time, head, random);
  const M v = normal(time, head, random);
  const M rates = logistic_of(normal(time, 1, random));
  auto params = params_of<Learner>(norm, chunk);
  params.shares = normal(chunk, 1, random, 0.3);
  params.shares(1, 0) = -0.8;  // that share is 0
  for (Index at = 0; at < time; at += chunk) {
    const Index count = std::min(chunk, time - at);
    const M shares = step_shares(M(params.shares.topRows(count)), 0);
    const auto part = [&](const M& all) { return M(all.middleRows(at, count)); };
    const M ours =
        Learner{}.read(params, state, {part(q), part(k), part(v), part(rates), 0, chunk}, 1);
    for (Index t = 0; t < count; ++t) {
      const auto row = [&](const M& all) { return M(all.row(at + t)); };
      const M expected = plain.answer(row(q), row(k), row(v), rates(at + t, 0), shares(t, 0));
      CAPTURE(at + t);
      CHECK(disagreement(M(ours.row(t)), expected) < 1e-13);
    }
    if (count == chunk) plain.commit(shares(count - 1, 0));
    for (std::size_t n = 0; n < maps.size(); ++n) {
      CHECK(disagreement(maps[n].weight, plain.weights[n]) < 1e-13);
      CHECK(disagreement(maps[n].bias, plain.biases[n]) < 1e-13);
    }
  }
}

TEST_SUITE("memory") {
  TEST_CASE("A chunk of a linear inner model is computed as by hand") {
    const Golden<InnerLearner<>> golden(
        State<InnerLearner<>>{{map_of(waves(4, 4, 0.4, 0.5), waves(1, 4, 0.5, 0.1))}});
    check_printed(golden.answers,
                  {1.711913844, -.490745805, 1.420367693, .235504766, -.876465374, -.669717636,
                   -1.053504265, .762968637, 1.139920232, -.038552684, .757198811, -.276246295,
                   -.615416916, -.002851797, -.001610201, .524991630});
    check_printed(golden.state.maps[0].weight,
                  {.199372159, .433006560, .467857448, .326236571, -.018478661, -.358240626,
                   -.472916148, -.436413939, -.127990249, .193059565, .505024775, .426922074,
                   .299674263, -.037544112, -.288708057, -.566194528});
    check_printed(golden.state.maps[0].bias, {.073304107, .032589622, .076077869, .105355010});
  }

  TEST_CASE("A chunk of an inner MLP is computed as by hand") {
    struct Two : inner_model::Mlp {
      Two() { expansion = 2; }
    };
    constexpr double short_constant =
        1e-7;  // the numbers were computed with 0.79788456 in the GELU
    const Golden<InnerLearner<Two>> golden(
        State<InnerLearner<Two>>{{map_of(waves(4, 8, 0.4, 0.5), waves(1, 8, 0.5, 0.1)),
                                  map_of(waves(8, 4, 0.9, 0.5), waves(1, 4, 1.1, 0.1))}});
    check_printed(golden.answers,
                  {1.987803540, .333494403, .385859410, .168078220, 1.932755409, -.327414278,
                   -1.185489273, -2.209161216, 1.036394872, -.762922525, -.246427864, 1.474169695,
                   2.332369371, -.788674991, -1.336762911, -.360930595},
                  short_constant);
    check_printed(M(golden.state.maps[0].weight.topRows(1)),
                  {.176446784, .420407849, .684885125, -.067629083, .334966466, -.600140161,
                   -.393437383, -.418361336},
                  short_constant);
    check_printed(M(golden.state.maps[1].weight.topRows(1)),
                  {-.057957368, .833476988, .716359237, -.157015990}, short_constant);
    check_printed(golden.state.maps[0].bias,
                  {.079676384, .194696280, -.510304790, 1.118236269, -1.114451163, .729994051,
                   -.395674062, -.083122216},
                  short_constant);
    check_printed(golden.state.maps[1].bias, {2.972963780, -2.103301609, -1.980561177, 1.351414305},
                  short_constant);
  }

  TEST_CASE("The dual form of a chunk is the primal form, token by token") {
    check_against_plain_loops<inner_model::Linear>(5, 13);
    check_against_plain_loops<inner_model::Mlp>(5, 13);
  }

  TEST_CASE("A linear model that starts at zero is linear attention") {
    using Linear = InnerLearner<inner_model::Linear, inner_loss::Squares>;
    Random random(2);
    const M q = normal(6, 3, random);
    const M k = normal(6, 3, random);
    const M v = normal(6, 3, random);
    State<Linear> learned{{map_of(M::Zero(3, 3), M())}};
    const M ours =
        Linear{}.read(params_of<Linear>({}, 6), learned, {q, k, v, M::Ones(6, 1), 0, 6}, 1);
    M state = M::Zero(3, 3);
    for (Index t = 0; t < 6; ++t) {
      state += k.row(t).transpose() * v.row(t);
      const M mean = q.row(t) * state / static_cast<double>(t + 1);
      CHECK(disagreement(M(ours.row(t)), mean) < 1e-13);
    }
    CHECK(disagreement(learned.maps[0].weight, M(state / 6)) < 1e-13);
  }

  TEST_CASE("A linear model with chunks of one token is the delta rule") {
    using Linear = InnerLearner<inner_model::Linear, inner_loss::Squares>;
    Random random(3);
    const M q = normal(6, 6, random);
    const M k = normal(6, 6, random, 0.5);
    const M v = normal(6, 6, random);
    const M beta = logistic_of(normal(6, 2, random));
    State<Linear> learned{{map_of(M::Zero(3, 6), M())}};
    M state;
    const M expected = DeltaRule{.heads = {2, 2}, .chunk = 4}.read(
        state, DeltaRows<M>{q, k, v, beta, M::Zero(6, 2)});
    for (Index t = 0; t < 6; ++t) {
      const auto row = [&](const M& all) { return M(all.row(t)); };
      const M ours = Linear{}.read(params_of<Linear>({}, 1), learned,
                                   {row(q), row(k), row(v), row(beta), 0, 1}, 2);
      CHECK(disagreement(ours, row(expected)) < 1e-12);
    }
    CHECK(disagreement(learned.maps[0].weight, state) < 1e-12);
  }

  TEST_CASE("Without a rate nothing is learned") {
    Random random(4);
    const M w = normal(4, 8, random);
    const M b = normal(1, 8, random);
    const M q = normal(3, 8, random);
    const InnerNorm<M> norm{normal(1, 8, random), normal(1, 8, random)};
    State<InnerLearner<>> state{{map_of(w, b)}};
    const M ours = InnerLearner<>{}.read(
        params_of<InnerLearner<>>(norm, 3), state,
        {q, normal(3, 8, random), normal(3, 8, random), M::Zero(3, 2), 0, 3}, 2);
    const M expected =
        add(q, layer_norm(add_row(matmul_heads(q, w, 2), b), norm.weight, norm.bias, 1e-6, 2));
    CHECK(disagreement(ours, expected) < 1e-15);
    CHECK(state.maps[0].weight == w);
    CHECK(state.maps[0].bias == b);
  }

  TEST_CASE("What is answered as wanted teaches nothing") {
    Random random(5);
    const M k = normal(3, 4, random);
    const M w = normal(4, 4, random);
    State<InnerLearner<>> state{{map_of(w, M::Zero(1, 4))}};
    static_cast<void>(
        InnerLearner<>{}.read(params_of<InnerLearner<>>({M::Zero(1, 4), M::Zero(1, 4)}, 3), state,
                              {normal(3, 4, random), k, k, M::Ones(3, 1), 0, 3}, 1));
    CHECK(state.maps[0].weight == w);
  }

  TEST_CASE("Muon moves singular values to about one and keeps their vectors") {
    Random random(6);
    for (const auto& [rows, cols] : {std::pair<Index, Index>{4, 7}, {7, 4}}) {
      const M m = normal(rows, 2 * cols, random);
      const M x = orthogonalised(m, 2);
      for (const Index h : {0, 1}) {
        const M of_head = m.middleCols(h * cols, cols);
        const Eigen::JacobiSVD<M> svd(of_head, Eigen::ComputeThinU | Eigen::ComputeThinV);
        const M within = svd.matrixU().transpose() * x.middleCols(h * cols, cols) * svd.matrixV();
        for (Index i = 0; i < 4; ++i) {
          CHECK(within(i, i) > 0.6);
          CHECK(within(i, i) < 1.3);
        }
        CHECK((within - M(within.diagonal().asDiagonal())).norm() < 1e-12);
      }
    }
  }

  TEST_CASE("Momentum goes on by itself") {
    M v;
    M sum(1, 2);
    sum << 1, -2;
    const inner_rule::Momentum rule{.momentum = 0.5};
    CHECK(rule.change(v, sum, 1) == sum);
    CHECK(rule.change(v, M(M::Zero(1, 2)), 1) == M(0.5 * sum));
  }
}

}  // namespace
