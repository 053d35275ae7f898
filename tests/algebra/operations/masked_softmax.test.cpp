// SPDX-License-Identifier: Apache-2.0
#include <ttt/algebra/operations/masked_softmax.hpp>
#include <ttt/algebra/operations/negative_log.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "laws/operation.hpp"

namespace {

using namespace ttt;
using laws::normal;

/// The same, entry by entry.
Matrix<double> plain_softmax(const MaskedSoftmax& op, const Matrix<double>& x) {
  const Index keys = std::ssize(op.from);
  Matrix<double> p = Matrix<double>::Zero(x.rows(), x.cols());
  for (Index i = 0; i < x.rows(); ++i) {
    for (Index h = 0; h < op.heads; ++h) {
      double total = 0;
      for (int pass = 0; pass < 2; ++pass) {
        for (Index j = 0; j < keys; ++j) {
          if (i < at(op.from, j)) continue;
          const double e = std::exp(op.scale * x(i, h * keys + j));
          if (pass == 0) total += e;
          if (pass == 1) p(i, h * keys + j) = e / total;
        }
      }
    }
  }
  return p;
}

TEST_SUITE("algebra") {
  TEST_CASE("masked_softmax equals its plain loop, whatever the order of the keys") {
    Random random(1);
    for (const std::vector<Index>& from : std::vector<std::vector<Index>>{
             {0, 3, 1, 6, 8, 21}, {0, 0, 0}, {3, 2, 21, 4}, {11}, {31, 41}, {}}) {
      for (const Index heads : {1, 2, 3}) {
        const MaskedSoftmax op{.heads = heads, .scale = 0.7, .from = from};
        const auto x = normal(9, heads * std::ssize(from), random, 3);
        const Matrix<double> p = apply(op, x);
        CHECK((p - plain_softmax(op, x)).norm() < laws::rounding);
      }
    }
    std::vector<Index> many(37);
    for (std::size_t j = 0; j < many.size(); ++j) many[j] = static_cast<Index>(j * j % 11);
    const MaskedSoftmax op{.heads = 2, .scale = 0.7, .from = many};
    const auto x = normal(9, 2 * 37, random, 3);
    CHECK((apply(op, x) - plain_softmax(op, x)).norm() < laws::rounding);
  }

  TEST_CASE("a hidden score may be any number") {
    for (const double hidden : {1e300, -1e300, HUGE_VAL, -HUGE_VAL}) {
      Matrix<double> x(2, 3);
      x << 1, hidden, 2, 1, hidden, 2;
      const Matrix<double> p = masked_softmax(x, 1, 1, {0, 2, 0});
      CHECK(p(1, 1) == 0);
      CHECK(p(1, 0) + p(1, 2) == doctest::Approx(1));
      CHECK(p(0, 2) == doctest::Approx(1 / (1 + std::exp(-1))));
    }
  }

  TEST_CASE("masked_softmax and negative_log have their derivatives") {
    Random random(2);
    laws::check_operation(MaskedSoftmax{.heads = 2, .scale = 0.7, .from = {2, 0, 8, 3}},
                          normal(5, 8, random));
    laws::check_operation(MaskedSoftmax{.heads = 1, .scale = 1, .from = {0, 0}},
                          normal(2, 2, random));
    laws::check_operation(MaskedSoftmax{.heads = 3, .scale = 0.3, .from = std::vector<Index>(17)},
                          normal(3, 51, random));
    const Matrix<double> shares = normal(2, 3, random).array().square() + 0.1;
    laws::check_operation(NegativeLog{.places = {5, 0, NegativeLog::nowhere, 5}, .floor = 1e-2},
                          shares);
    laws::check_operation(NegativeLog{.places = {4}}, shares);
  }

  TEST_CASE("negative_log is that of an element and the floor, and of nothing that of the floor") {
    Matrix<double> x(1, 2);
    x << 0.25, 1;
    const Matrix<double> y = negative_log(x, {1, NegativeLog::nowhere, 0}, 1e-3);
    CHECK(y(0, 0) == doctest::Approx(-std::log(1.001)));
    CHECK(y(1, 0) == doctest::Approx(-std::log(1e-3)));
    CHECK(y(2, 0) == doctest::Approx(-std::log(0.251)));
  }

  TEST_CASE("masked_softmax and negative_log refuse what does not fit") {
    const Matrix<double> x = Matrix<double>::Zero(2, 3);
    CHECK_THROWS_WITH_AS(static_cast<void>(masked_softmax(x, 2, 1, {1, 2})),
                         "masked_softmax: x must be [*, 4], got [2, 3]", ShapeError);
    for (const Index place : {6, -2}) {
      CHECK_THROWS_WITH_AS(
          static_cast<void>(negative_log(x, {place})),
          ("negative_log: place must be in -1..5, got " + std::to_string(place)).c_str(),
          RangeError);
    }
  }
}

}  // namespace
