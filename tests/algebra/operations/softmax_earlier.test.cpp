// SPDX-License-Identifier: Apache-2.0
#include <ttt/algebra/operations/log_mass.hpp>
#include <ttt/algebra/operations/softmax_earlier.hpp>

#include <doctest/doctest.h>

#include <cmath>

#include "laws/operation.hpp"

namespace {

using namespace ttt;
using laws::normal;

/// The same, entry by entry.
Matrix<double> plain_softmax(const SoftmaxEarlier& op, const Matrix<double>& x) {
  const Index kept = std::ssize(op.positions);
  Matrix<double> p = Matrix<double>::Zero(x.rows(), x.cols());
  for (Index i = 0; i < x.rows(); ++i) {
    for (Index h = 0; h < op.heads; ++h) {
      double total = 0;
      for (int pass = 0; pass < 2; ++pass) {
        for (Index j = 0; j < kept; ++j) {
          if (op.positions[static_cast<std::size_t>(j)] >= op.first + i) continue;
          const double e = std::exp(op.scale * x(i, h * kept + j));
          if (pass == 0) total += e;
          if (pass == 1) p(i, h * kept + j) = e / total;
        }
      }
    }
  }
  return p;
}

TEST_SUITE("algebra") {
  TEST_CASE("softmax_earlier equals its plain loop, whatever order the kept stand in") {
    Random random(1);
    for (const std::vector<Index>& positions : std::vector<std::vector<Index>>{
             {3, 22, 20, 25, 27, 40}, {0, 1, 2}, {22, 21, 40, 23}, {30}, {50, 60}, {}}) {
      const SoftmaxEarlier op{.heads = 2, .scale = 0.7, .positions = positions, .first = 20};
      const auto x = normal(9, 2 * std::ssize(positions), random, 3);
      const Matrix<double> p = apply(op, x);
      CHECK((p - plain_softmax(op, x)).norm() < laws::rounding);
    }
  }

  TEST_CASE("softmax_earlier and log_mass have their derivatives") {
    Random random(2);
    laws::check_operation(
        SoftmaxEarlier{.heads = 2, .scale = 0.7, .positions = {3, 1, 9, 4}, .first = 2},
        normal(5, 8, random));
    laws::check_operation(SoftmaxEarlier{.heads = 1, .scale = 1, .positions = {0, 1}, .first = 9},
                          normal(2, 2, random));
    const Matrix<double> shares = normal(2, 3, random).array().square() + 0.1;
    laws::check_operation(LogMass{.places = {5, 0, LogMass::nowhere, 5}}, shares);
  }

  TEST_CASE("log_mass is the negative logarithm, and of nothing that of its floor") {
    Matrix<double> x(1, 2);
    x << 0.25, 1;
    const Matrix<double> y = log_mass(x, {1, LogMass::nowhere, 0}, 1e-3);
    CHECK(y(0, 0) == doctest::Approx(-std::log(1.001)));
    CHECK(y(1, 0) == doctest::Approx(-std::log(1e-3)));
    CHECK(y(2, 0) == doctest::Approx(-std::log(0.251)));
  }

  TEST_CASE("softmax_earlier and log_mass refuse what does not fit") {
    const Matrix<double> x = Matrix<double>::Zero(2, 3);
    const SoftmaxEarlier op{.heads = 2, .scale = 1, .positions = {1, 2}, .first = 0};
    CHECK_THROWS_WITH_AS(static_cast<void>(apply(op, x)),
                         "softmax_earlier: x must be [*, 4], got [2, 3]", ShapeError);
    CHECK_THROWS_WITH_AS(static_cast<void>(log_mass(x, {6})),
                         "log_mass: place must be in -1..5, got 6", RangeError);
  }
}

}  // namespace
