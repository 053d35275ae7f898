// SPDX-License-Identifier: Apache-2.0
#include "reference/rotate.hpp"

#include <ttt/algebra/operations/rotate.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <vector>

#include "laws/causal.hpp"
#include "laws/operation.hpp"

namespace {

using namespace ttt;
using laws::normal;

constexpr auto neighbours = Rotary::interleaved;
constexpr auto halves = Rotary::half_split;

/// Rounding of one turn; the table's sines and cosines are rounded from double.
template <class S>
constexpr double tolerance = 1e-12;
template <>
constexpr double tolerance<float> = 1e-6;

Matrix<double> row(double a, double b, double c, double d) {
  Matrix<double> m(1, 4);
  m << a, b, c, d;
  return m;
}

TEST_SUITE("algebra") {
  TEST_CASE("rotate turns [1, 2, 3, 4] at position 3 to its known values") {
    const auto x = row(1, 2, 3, 4);
    const RotaryTable<double> interleaved(4, 4, 10000, neighbours);
    const RotaryTable<double> half_split(4, 4, 10000, halves);
    constexpr double printed = 5e-9;  // eight decimals
    CHECK((rotate(x, interleaved, 3) - row(-1.27223251, -1.83886499, 2.87866810, 4.08818664))
              .cwiseAbs()
              .maxCoeff() < printed);
    CHECK((rotate(x, half_split, 3) - row(-1.41335252, 1.87911807, -2.82885748, 4.05819114))
              .cwiseAbs()
              .maxCoeff() < printed);
  }

  TEST_CASE_TEMPLATE("rotate equals its plain loops", S, double, float) {
    Random random(1);
    for (const Index head : {2, 6, 16, 34}) {
      CAPTURE(head);
      const auto x = normal<S>(5, 3 * head, random);
      const RotaryTable<S> interleaved(300, head, 500, neighbours);
      const RotaryTable<S> half_split(300, head, 500, halves);
      for (const Index first : {0, 1, 295}) {
        CHECK(laws::disagreement(rotate(x, interleaved, first),
                                 reference::rotate(x, head, 500, first, 2, 1)) < tolerance<S>);
        CHECK(laws::disagreement(rotate(x, half_split, first),
                                 reference::rotate(x, head, 500, first, 1, head / 2)) <
              tolerance<S>);
      }
    }
  }

  TEST_CASE("rotate keeps lengths, and products depend on the distance alone") {
    Random random(2);
    const auto q = normal(1, 8, random);
    const auto k = normal(1, 8, random);
    for (const Rotary pairs : {neighbours, halves}) {
      const RotaryTable<double> table(200, 8, 10000, pairs);
      const auto product = [&](Index a, Index b) {
        return rotate(q, table, a).row(0).dot(rotate(k, table, b).row(0));
      };
      CHECK(rotate(q, table, 123).norm() == doctest::Approx(q.norm()).epsilon(1e-14));
      CHECK(product(7, 3) == doctest::Approx(product(150, 146)).epsilon(1e-12));
      CHECK(std::abs(product(7, 3) - product(7, 4)) > 1e-3);
    }
  }

  TEST_CASE("rotate turns rows to any positions, those outside the table and below 0 included") {
    Random random(5);
    const auto x = normal(3, 8, random);
    for (const Rotary pairs : {neighbours, halves}) {
      const RotaryTable<double> table(20, 8, 100, pairs);
      const std::vector<Index> known{7, 3, 19};
      const Matrix<double> turned = rotate(x, table, known);
      for (Index t = 0; t < 3; ++t) {
        const Matrix<double> row =
            rotate(Matrix<double>(x.row(t)), table, known[static_cast<std::size_t>(t)]);
        CHECK(laws::disagreement(Matrix<double>(turned.row(t)), row) < 1e-15);
      }
      const auto product = [&](Index a, Index b) {
        const std::vector<Index> first{a};
        const std::vector<Index> second{b};
        return rotate(Matrix<double>(x.row(0)), table, first)
            .row(0)
            .dot(rotate(Matrix<double>(x.row(1)), table, second).row(0));
      };
      CHECK(product(7, 3) == doctest::Approx(product(-1000, -1004)).epsilon(1e-11));
    }
  }

  TEST_CASE("rotate has its derivatives") {
    Random random(3);
    for (const Rotary pairs : {neighbours, halves}) {
      for (const Index head : {2, 6, 16, 18}) {
        CAPTURE(head);
        const auto table = std::make_shared<const RotaryTable<double>>(20, head, 100, pairs);
        laws::check_operation(Rotate<double>{.table = table, .first = 4},
                              normal(5, 2 * head, random));
      }
    }
  }

  TEST_CASE("rotate is causal") {
    Random random(4);
    for (const Rotary pairs : {neighbours, halves}) {
      const RotaryTable<float> table(9, 6, 100, pairs);
      laws::check_causal([&](const Matrix<float>& x) { return rotate(x, table, 2); },
                         normal<float>(7, 12, random));
    }
  }

  TEST_CASE(
      "rotate refuses a width that is no multiple of the head, and positions past its table") {
    const RotaryTable<double> table(5, 4, 10000, neighbours);
    const auto zeros = [](Index rows, Index cols) {
      return Matrix<double>(Matrix<double>::Zero(rows, cols));
    };
    CHECK_THROWS_WITH_AS(rotate(zeros(2, 6), table, 0), "rotate: x must be [*, 4], got [2, 6]",
                         ShapeError);
    CHECK_THROWS_WITH_AS(rotate(zeros(3, 8), table, 3), "rotate: x must be [2, 8], got [3, 8]",
                         ShapeError);
    CHECK_THROWS_AS(rotate(zeros(3, 8), table, -1), ShapeError);
    CHECK(rotate(zeros(2, 8), table, 3).rows() == 2);
  }
}

}  // namespace
