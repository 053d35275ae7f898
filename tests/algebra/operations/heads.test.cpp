// SPDX-License-Identifier: Apache-2.0
#include <ttt/algebra/operations/add.hpp>
#include <ttt/algebra/operations/heads.hpp>

#include <doctest/doctest.h>

#include "laws/causal.hpp"
#include "laws/operation.hpp"

namespace {

using namespace ttt;
using laws::normal;

Matrix<double> zeros(Index rows, Index cols) { return Matrix<double>::Zero(rows, cols); }

TEST_SUITE("algebra") {
  TEST_CASE("matmul_heads multiplies heads that lie side by side") {
    Random random(1);
    const auto a = normal(5, 2 * 3, random);
    const auto b = normal(3, 2 * 4, random);
    const Matrix<double> y = matmul_heads(a, b, 2);
    REQUIRE(y.rows() == 5);
    REQUIRE(y.cols() == 2 * 4);
    for (const Index h : {0, 1}) {
      const Matrix<double> left = a.middleCols(h * 3, 3);
      const Matrix<double> right = b.middleCols(h * 4, 4);
      CHECK(laws::disagreement(y.middleCols(h * 4, 4), Matrix<double>(left * right)) <
            laws::rounding);
      const auto c = normal(5, 2 * 4, random);
      const Matrix<double> other = c.middleCols(h * 4, 4);
      CHECK(laws::disagreement(matmul_heads(a, c, 2, Flip::left).middleCols(h * 4, 4),
                               Matrix<double>(left.transpose() * other)) < laws::rounding);
      const auto d = normal(7, 2 * 3, random);
      const Matrix<double> row = d.middleCols(h * 3, 3);
      CHECK(laws::disagreement(matmul_heads(a, d, 2, Flip::right).middleCols(h * 7, 7),
                               Matrix<double>(left * row.transpose())) < laws::rounding);
    }
  }

  TEST_CASE("matmul_heads has its derivatives") {
    Random random(2);
    for (const Index heads : {1, 2}) {
      for (const Index size : {1, 15, 17}) {
        CAPTURE(heads);
        CAPTURE(size);
        laws::check_operation(HeadProduct{.heads = heads}, normal(3, heads * size, random),
                              normal(size, heads * 2, random));
        laws::check_operation(HeadProduct{.heads = heads, .flip = Flip::left},
                              normal(size, heads * 3, random), normal(size, heads * 2, random));
        laws::check_operation(HeadProduct{.heads = heads, .flip = Flip::right},
                              normal(3, heads * size, random), normal(2, heads * size, random));
      }
    }
  }

  TEST_CASE("scale_heads gives each head its number") {
    Matrix<double> x(2, 4);
    x << 1, 2, 3, 4, 5, 6, 7, 8;
    Matrix<double> s(1, 2);
    s << 10, -1;
    Matrix<double> y(2, 4);
    y << 5, 10, -1.5, -2, 25, 30, -3.5, -4;
    CHECK(scale_heads(x, s, 0.5) == y);
  }

  TEST_CASE("scale_heads and subtract have their derivatives") {
    Random random(3);
    for (const Index head : {1, 15, 16, 17, 33}) {
      CAPTURE(head);
      laws::check_operation(ScaleHeads{}, normal(3, 2 * head, random), normal(1, 2, random));
      laws::check_operation(ScaleHeads{.by = -0.7}, normal(3, head, random), normal(1, 1, random));
      laws::check_operation(Add{.by = -1}, normal(2, head, random), normal(2, head, random));
    }
  }

  TEST_CASE_TEMPLATE("matmul_heads, scale_heads and subtract are causal", S, double, float) {
    Random random(4);
    const auto x = normal<S>(33, 6, random);
    const auto w = normal<S>(3, 8, random);
    const auto s = normal<S>(1, 3, random);
    laws::check_causal([&](const Matrix<S>& a) { return matmul_heads(a, w, 2); }, x);
    laws::check_causal([&](const Matrix<S>& a) { return scale_heads(a, s); }, x);
    laws::check_causal([&](const Matrix<S>& a) { return subtract(x, a); }, x);
  }

  TEST_CASE("matmul_heads, scale_heads and subtract refuse what does not fit") {
    CHECK_THROWS_WITH_AS(matmul_heads(zeros(2, 5), zeros(2, 4), 2),
                         "matmul_heads: a must be [*, 2], got [2, 5]", ShapeError);
    CHECK_THROWS_WITH_AS(matmul_heads(zeros(2, 4), zeros(2, 5), 2),
                         "matmul_heads: b must be [*, 2], got [2, 5]", ShapeError);
    CHECK_THROWS_WITH_AS(matmul_heads(zeros(2, 6), zeros(2, 4), 2),
                         "matmul_heads: b must be [3, *], got [2, 4]", ShapeError);
    CHECK_THROWS_WITH_AS(matmul_heads(zeros(2, 6), zeros(3, 4), 2, Flip::left),
                         "matmul_heads: b must be [2, *], got [3, 4]", ShapeError);
    CHECK_THROWS_WITH_AS(matmul_heads(zeros(2, 6), zeros(3, 4), 2, Flip::right),
                         "matmul_heads: b must be [*, 6], got [3, 4]", ShapeError);
    CHECK_THROWS_WITH_AS(scale_heads(zeros(2, 6), zeros(1, 4)),
                         "scale_heads: s must be [1, 6], got [1, 4]", ShapeError);
    CHECK_THROWS_WITH_AS(scale_heads(zeros(2, 6), zeros(3, 6)),
                         "scale_heads: s must be [2, *], got [3, 6]", ShapeError);
    CHECK_THROWS_WITH_AS(subtract(zeros(2, 3), zeros(2, 4)),
                         "subtract: b must be [2, 3], got [2, 4]", ShapeError);
  }
}

}  // namespace
