// SPDX-License-Identifier: Apache-2.0
#include <ttt/cpu/matrix.hpp>
#include <ttt/memory/inner.hpp>
#include <ttt/memory/rule_step.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <vector>

#include "laws/numbers.hpp"

namespace {

using namespace ttt;
using laws::normal;

using M = Matrix<double>;
using Weights = FastWeights<M>;

constexpr double printed = 5e-9;  // eight decimals

double inner(const Weights& a, const Weights& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i].cwiseProduct(b[i]).sum();
  return sum;
}

Weights drawn(Random& random, double scale = 1) {
  return {normal(3, 2, random, scale), normal(1, 5, random, scale)};
}

/// Three steps, so that the velocity's adjoint goes back through some: what the pullbacks make of a
/// cotangent is the difference quotient for each gradient.
template <class Optimiser>
void check_pullback(const Optimiser& optimiser) {
  Random random(2);
  const Weights start = drawn(random);
  const std::array gradients{drawn(random), drawn(random), drawn(random, 0.02)};
  const std::array directions{drawn(random), drawn(random), drawn(random)};
  const Weights cotangent = drawn(random);
  const auto end = [&](std::size_t moving, double by) {
    Weights weights = start;
    Weights velocity;
    for (std::size_t s = 0; s < 3; ++s) {
      Weights g = gradients[s];
      for (std::size_t i = 0; i < g.size(); ++i) {
        if (s == moving) g[i] += by * directions[s][i];
      }
      optimiser.step(weights, velocity, g);
    }
    return inner(weights, cotangent);
  };
  std::array<Weights, 3> weights{start}, velocities;
  for (std::size_t s = 0; s + 1 < 3; ++s) {
    weights[s + 1] = weights[s];
    velocities[s + 1] = velocities[s];
    optimiser.step(weights[s + 1], velocities[s + 1], gradients[s]);
  }
  Weights lambda = cotangent;
  Weights nu;
  for (std::size_t s = 3; s-- > 0;) {
    const Weights u =
        optimiser.pullback(InnerStep{weights[s], velocities[s], gradients[s]}, lambda, nu);
    const double slope = laws::slope([&](double by) { return end(s, by); }, 1e-4);
    CAPTURE(s);
    CHECK(inner(u, directions[s]) == doctest::Approx(slope).epsilon(1e-6));
  }
  CHECK(lambda[0] == cotangent[0]);
}

TEST_SUITE("memory") {
  TEST_CASE("InnerSgd's step is the equation it is documented with") {
    Random random(1);
    const Weights start = drawn(random);
    const Weights g = drawn(random);
    const double norm = global_norm(g);
    CHECK(norm == doctest::Approx(std::sqrt(inner(g, g))).epsilon(1e-14));

    const auto stepped = [&](InnerSgd optimiser) {
      Weights weights = start;
      Weights velocity;
      optimiser.step(weights, velocity, g);
      return weights;
    };
    for (std::size_t i = 0; i < 2; ++i) {
      const auto expect = [&](const InnerSgd& optimiser, double scale) {
        CHECK(laws::disagreement(stepped(optimiser)[i], M(start[i] - scale * g[i])) < 1e-14);
      };
      expect({.rate = 0.5, .max_norm = 0}, 0.5);
      expect({.rate = 0.5, .max_norm = norm * 1.01}, 0.5);
      expect({.rate = 0.5, .max_norm = norm / 4}, 0.5 / 4);
      expect({.rate = 0.5, .max_norm = norm / 4, .momentum = 0.9}, 0.5 / 4);  // from rest
    }
  }

  TEST_CASE("InnerSgd's momentum carries earlier gradients on") {
    Weights weights{M::Constant(1, 1, 10)};
    Weights velocity;
    const InnerSgd optimiser{.rate = 1, .max_norm = 0, .momentum = 0.5};
    optimiser.step(weights, velocity, {M::Constant(1, 1, 4)});
    CHECK(weights[0](0, 0) == 6);
    optimiser.step(weights, velocity, {M::Constant(1, 1, 0)});
    CHECK(weights[0](0, 0) == 4);
    optimiser.step(weights, velocity, {M::Constant(1, 1, -1)});
    CHECK(weights[0](0, 0) == 4);
  }

  TEST_CASE("Without momentum InnerSgd stores no velocity") {
    Weights weights{M::Ones(1, 1)};
    Weights velocity;
    InnerSgd{}.step(weights, velocity, {M::Ones(1, 1)});
    CHECK(velocity.empty());
  }

  TEST_CASE("InnerSgd's pullback is the transpose of its steps, at the largest norm and below it") {
    for (const double most : {0.0, 0.5, 100.0}) {
      for (const double momentum : {0.0, 0.6}) {
        CAPTURE(most);
        CAPTURE(momentum);
        check_pullback(InnerSgd{.rate = 0.3, .max_norm = most, .momentum = momentum});
      }
    }
  }

  TEST_CASE("The pullback of an optimiser made of a rule is that of the rule's operations") {
    for (const double most : {0.0, 0.5}) {
      CAPTURE(most);
      check_pullback(RuleStep<inner_rule::Descent>{.rate = 0.3, .max_norm = most});
      check_pullback(
          RuleStep<inner_rule::Momentum>{.rule = {.momentum = 0.6}, .rate = 0.3, .max_norm = most});
      check_pullback(
          RuleStep<inner_rule::Muon>{.rule = {.rate = 0.2, .momentum = 0.6}, .max_norm = most});
    }
  }

  TEST_CASE("Descent by a rule is InnerSgd") {
    Random random(5);
    const Weights start = drawn(random);
    const Weights g = drawn(random);
    Weights ours = start, expected = start, none;
    RuleStep<inner_rule::Descent>{.rate = 0.3, .max_norm = 0.5}.step(ours, none, g);
    InnerSgd{.rate = 0.3, .max_norm = 0.5}.step(expected, none, g);
    for (const std::size_t n : {0U, 1U}) {
      CHECK(laws::disagreement(ours[n], expected[n]) < 1e-15);
    }
  }

  TEST_CASE("A fast weight that no gradient reaches counts as one with a gradient of zeros") {
    Random random(3);
    const Weights start = drawn(random);
    const Weights g = drawn(random);
    const auto check = [&](const auto& optimiser) {
      const auto all = [&](const M& missing) {
        Weights weights = start;
        Weights velocity;
        Weights lambda = start;
        Weights nu;
        const Weights gradient{g[0], missing};
        optimiser.step(weights, velocity, gradient);
        optimiser.step(weights, velocity, gradient);
        const Weights u = optimiser.pullback(InnerStep{weights, velocity, gradient}, lambda, nu);
        for (const Weights& more : {u, velocity, nu})
          weights.insert(weights.end(), more.begin(), more.end());
        return weights;
      };
      CHECK(all({}) == all(M::Zero(1, 5)));
    };
    for (const double most : {0.0, 0.5}) {
      CAPTURE(most);
      check(InnerSgd{.rate = 0.3, .max_norm = most});
      check(InnerSgd{.rate = 0.3, .max_norm = most, .momentum = 0.6});
      check(
          RuleStep<inner_rule::Momentum>{.rule = {.momentum = 0.6}, .rate = 0.3, .max_norm = most});
      check(RuleStep<inner_rule::Muon>{.rule = {.rate = 0.2, .momentum = 0.6}, .max_norm = most});
    }
  }

  TEST_CASE("Learning a quadratic has the known weights, loss and meta-gradient") {
    // M(r, c, s, a) is a sin(0.7 (i c + j) + s); A_i = M(2, 2, .1 + .1 i, 1), b_i = v(2, .3 + .2 i,
    // 2).
    const auto fill = [](Index rows, Index cols, double shift, double scale) {
      return M(M::NullaryExpr(rows, cols, [=](Index r, Index c) {
        return scale * std::sin(0.7 * static_cast<double>(r * cols + c) + shift);
      }));
    };
    const auto a = [&](Index i) { return fill(2, 2, 0.1 + 0.1 * static_cast<double>(i), 1); };
    const auto b = [&](Index i) {
      return M(fill(1, 2, 0.3 + 0.2 * static_cast<double>(i), 2).transpose());
    };
    const InnerSgd optimiser{.rate = 1, .max_norm = 1};

    std::vector<Weights> weights{{(M(2, 1) << 0.5, -0.25).finished()}};
    std::vector<Weights> gradients;
    Weights velocity;
    double loss = 0;
    for (Index i = 0; i < 3; ++i) {
      const M residual = a(i) * weights.back()[0] - b(i);
      loss += residual.squaredNorm() / 2 / 3;
      gradients.push_back({a(i).transpose() * residual});
      weights.push_back(weights.back());
      optimiser.step(weights.back(), velocity, gradients.back());
    }
    const auto near = [](const M& ours, double x, double y) {
      return std::abs(ours(0, 0) - x) < printed && std::abs(ours(1, 0) - y) < printed;
    };
    CHECK(near(weights[1][0], 1.16412730, 0.49761951));
    CHECK(near(weights[2][0], 1.56046237, 1.00782125));
    CHECK(near(weights[3][0], 1.29916821, 0.81654976));
    CHECK(std::abs(global_norm(gradients[0]) - 2.19050185) < printed);
    CHECK(std::abs(global_norm(gradients[1]) - 0.64605519) < printed);
    CHECK(std::abs(global_norm(gradients[2]) - 0.32382005) < printed);
    CHECK(std::abs(loss - 0.45502641) < printed);

    // lambda_{i-1} = lambda_i + grad loss_i / N + (d grad loss_i / dW)^T u
    Weights lambda{M::Zero(2, 1)};
    Weights nu;
    for (std::size_t i = 3; i-- > 0;) {
      const Weights u =
          optimiser.pullback(InnerStep{weights[i], velocity, gradients[i]}, lambda, nu);
      const M ai = a(static_cast<Index>(i));
      lambda[0] += gradients[i][0] / 3 + ai.transpose() * ai * u[0];
    }
    CHECK(near(lambda[0], -0.67999599, -0.80372172));
  }

  TEST_CASE("SurprisingTokens leaves out what surprised no more than its bound") {
    const M share = M::Constant(4, 1, 0.25);
    M surprisal(4, 1);
    surprisal << 0.5, 1, 1.5, 9;
    M expected(4, 1);
    expected << 0, 0, 0.25, 0.25;
    CHECK(map(SurprisingTokens{}, share, surprisal) == expected);
    CHECK(map(SurprisingTokens{.above = 100}, share, surprisal) == M::Zero(4, 1));
    CHECK(map(SurprisingTokens{.above = -1}, share, surprisal) == share);
    CHECK(map(EveryToken{}, share, surprisal) == share);
  }
}

}  // namespace
