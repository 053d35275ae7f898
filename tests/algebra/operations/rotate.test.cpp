// SPDX-License-Identifier: Apache-2.0
#include "reference/rotate.hpp"

#include <ttt/algebra/operations/rotate.hpp>

#include <doctest/doctest.h>

#include <vector>

#include "laws/causal.hpp"
#include "laws/operation.hpp"

namespace {

using namespace ttt;
using laws::normal;

template <class S>
using Tables = RotaryTables<Matrix<S>>;

constexpr Rotary neighbours{.pairs = RotaryPairs::interleaved, .base = 500};
constexpr Rotary halves{.pairs = RotaryPairs::half_split, .base = 500};

/// Rounding of one turn; factors are rounded from double.
template <class S>
constexpr double tolerance = 1e-12;
template <>
constexpr double tolerance<float> = 1e-6;

/// The plain loop, at a first position.
template <class S>
Matrix<double> plain(const Matrix<S>& x, Index head, const Rotary& rotary, Index first) {
  const bool interleaved = rotary.pairs == RotaryPairs::interleaved;
  return reference::rotate(x, head, static_cast<double>(rotary.base), first, interleaved ? 2 : 1,
                           interleaved ? 1 : head / 2);
}

Matrix<double> row(double a, double b, double c, double d) {
  Matrix<double> m(1, 4);
  m << a, b, c, d;
  return m;
}

TEST_SUITE("algebra") {
  TEST_CASE("rotate turns [1, 2, 3, 4] at position 3 to its known values") {
    const auto x = row(1, 2, 3, 4);
    Tables<double> tables;
    const Matrix<double> interleaved =
        rotate(x, tables, 4, {RotaryPairs::interleaved, 10000}, Index{3});
    const Matrix<double> half_split =
        rotate(x, tables, 4, {RotaryPairs::half_split, 10000}, Index{3});
    constexpr double printed = 5e-9;  // eight decimals
    CHECK((interleaved - row(-1.27223251, -1.83886499, 2.87866810, 4.08818664))
              .cwiseAbs()
              .maxCoeff() < printed);
    CHECK(
        (half_split - row(-1.41335252, 1.87911807, -2.82885748, 4.05819114)).cwiseAbs().maxCoeff() <
        printed);
  }

  TEST_CASE_TEMPLATE("rotate equals its plain loops while tables grow", S, double, float) {
    Random random(1);
    Tables<S> tables;
    for (const Index first : {0, 1, 40, 295, 7}) {
      for (const Index head : {2, 6, 16, 34}) {
        CAPTURE(head);
        CAPTURE(first);
        const auto x = normal<S>(5, 3 * head, random);
        for (const Rotary& rotary : {neighbours, halves}) {
          CHECK(laws::disagreement(rotate(x, tables, head, rotary, first),
                                   plain(x, head, rotary, first)) < tolerance<S>);
        }
      }
    }
  }

  TEST_CASE("Tables grow by doubling, and what was handed out outlives that") {
    Tables<double> tables;
    const auto small = tables.upto(3, 4, neighbours);
    const Matrix<double> before = small->own;
    CHECK(small->own.rows() == 64);
    CHECK(tables.upto(64, 4, neighbours) == small);
    CHECK(tables.upto(65, 4, neighbours)->own.rows() == 128);
    CHECK(tables.upto(1000, 4, neighbours)->own.rows() == 1000);
    CHECK(tables.upto(1000, 4, neighbours)->own.topRows(64) == before);
    CHECK(small->own == before);
    CHECK(tables.upto(3, 4, halves)->own.rows() == 64);
    CHECK(tables.upto(3, 6, neighbours)->own.cols() == 6);
  }

  TEST_CASE("rotate keeps lengths, and products depend on the distance alone") {
    Random random(2);
    const auto q = normal(1, 8, random);
    const auto k = normal(1, 8, random);
    Tables<double> tables;
    for (const Rotary& rotary : {neighbours, halves}) {
      const auto at = [&](const Matrix<double>& x, Index position) {
        return Matrix<double>(rotate(x, tables, 8, rotary, position));
      };
      const auto product = [&](Index a, Index b) { return at(q, a).row(0).dot(at(k, b).row(0)); };
      CHECK(at(q, 123).norm() == doctest::Approx(q.norm()).epsilon(1e-14));
      CHECK(product(7, 3) == doctest::Approx(product(150, 146)).epsilon(1e-12));
      CHECK(std::abs(product(7, 3) - product(7, 4)) > 1e-3);
    }
  }

  TEST_CASE("rotate turns rows to any positions: repeated, unordered, negative and large") {
    Random random(5);
    Tables<double> tables;
    for (const Rotary& rotary : {neighbours, halves}) {
      for (const std::vector<Index>& positions :
           {std::vector<Index>{7, 3, 7, 0}, std::vector<Index>{-1000, 5, -1, 2},
            std::vector<Index>{1 << 20, 65536, 65535, 3}}) {
        const auto x = normal(4, 16, random);
        const Matrix<double> turned =
            rotate(x, tables, 8, rotary, std::span<const Index>(positions));
        for (Index t = 0; t < 4; ++t) {
          CAPTURE(at(positions, t));
          CHECK(laws::disagreement(turned.row(t), plain(Matrix<double>(x.row(t)), 8, rotary,
                                                        at(positions, t))) < 1e-9);
        }
      }
      const Matrix<double> none =
          rotate(Matrix<double>(0, 16), tables, 8, rotary, std::span<const Index>());
      CHECK(none.rows() == 0);
    }
  }

  TEST_CASE("rotate has its derivatives") {
    Random random(3);
    Tables<double> tables;
    for (const Rotary& rotary : {neighbours, halves}) {
      for (const Index head : {2, 6, 16, 18}) {
        CAPTURE(head);
        const Rotate<Matrix<double>> op{tables.upto(20, head, rotary), 4, rotary.pairs};
        laws::check_operation(op, normal(5, 2 * head, random));
      }
    }
  }

  TEST_CASE("rotate is causal") {
    Random random(4);
    Tables<float> tables;
    for (const Rotary& rotary : {neighbours, halves}) {
      laws::check_causal(
          [&](const Matrix<float>& x) {
            return Matrix<float>(rotate(x, tables, 6, rotary, Index{2}));
          },
          normal<float>(7, 12, random));
    }
  }

  TEST_CASE(
      "rotate refuses a width that is no multiple of the head, and positions without factors") {
    Tables<double> tables;
    const auto zeros = [](Index rows, Index cols) {
      return Matrix<double>(Matrix<double>::Zero(rows, cols));
    };
    CHECK_THROWS_WITH_AS(static_cast<void>(rotate(zeros(2, 6), tables, 4, neighbours, Index{0})),
                         "rotate: x must be [*, 4], got [2, 6]", ShapeError);
    CHECK_THROWS_WITH_AS(static_cast<void>(rotate(zeros(2, 8), tables, 4, neighbours, Index{-1})),
                         "rotate: first position must be at least 0, got -1", RangeError);
    const std::vector<Index> positions{1, 2, 3};
    const auto factors = tables.at(positions, 4, neighbours);
    const Rotate<Matrix<double>> op{factors, 1, neighbours.pairs};
    CHECK_THROWS_WITH_AS(op.value(zeros(3, 8)), "rotate: x must be [2, 8], got [3, 8]", ShapeError);
    CHECK(op.value(zeros(2, 8)).rows() == 2);
  }
}

}  // namespace
