// SPDX-License-Identifier: Apache-2.0
#include <ttt/algebra/operations/add.hpp>
#include <ttt/algebra/operations/matmul.hpp>

#include <doctest/doctest.h>

#include "laws/causal.hpp"
#include "laws/operation.hpp"

namespace {

using namespace ttt;
using laws::normal;

Matrix<double> zeros(Index rows, Index cols) { return Matrix<double>::Zero(rows, cols); }

TEST_SUITE("algebra") {
  TEST_CASE("add, matmul and matmul_transposed are what they are called") {
    Random random(1);
    const auto a = normal(3, 5, random);
    const auto b = normal(5, 4, random);
    CHECK(add(a, a) == 2 * a);
    Matrix<double> plain = zeros(3, 4);
    for (Index i = 0; i < 3; ++i) {
      for (Index j = 0; j < 4; ++j) {
        for (Index k = 0; k < 5; ++k) plain(i, j) += a(i, k) * b(k, j);
      }
    }
    CHECK(laws::disagreement(matmul(a, b), plain) < laws::rounding);
    const Matrix<double> turned = b.transpose();
    CHECK(laws::disagreement(matmul_transposed(a, turned), plain) < laws::rounding);
  }

  TEST_CASE("add, matmul and matmul_transposed have their derivatives") {
    Random random(2);
    for (const Index size : {1, 15, 16, 17, 33}) {
      CAPTURE(size);
      laws::check_operation(Add{}, normal(2, size, random), normal(2, size, random));
      laws::check_operation(MatMul{}, normal(3, size, random), normal(size, 2, random));
      laws::check_operation(MatMul{.flip = Flip::right}, normal(3, size, random),
                            normal(2, size, random));
    }
    laws::check_operation(MatMul{}, normal(33, 1, random), normal(1, 17, random));
    laws::check_operation(MatMul{.flip = Flip::right}, normal(17, 5, random),
                          normal(33, 5, random));
  }

  TEST_CASE_TEMPLATE("add, matmul and matmul_transposed are causal", S, double, float) {
    Random random(6);
    const auto x = normal<S>(33, 7, random);
    const auto w = normal<S>(7, 5, random);
    const Matrix<S> turned = w.transpose();
    laws::check_causal([&](const Matrix<S>& a) { return add(a, x); }, x);
    laws::check_causal([&](const Matrix<S>& a) { return matmul(a, w); }, x);
    laws::check_causal([&](const Matrix<S>& a) { return matmul_transposed(a, turned); }, x);
  }

  TEST_CASE("add, matmul and matmul_transposed refuse shapes that do not fit") {
    CHECK_THROWS_WITH_AS(add(zeros(2, 3), zeros(3, 2)), "add: b must be [2, 3], got [3, 2]",
                         ShapeError);
    CHECK_THROWS_WITH_AS(matmul(zeros(2, 3), zeros(4, 5)), "matmul: a must be [*, 4], got [2, 3]",
                         ShapeError);
    CHECK_THROWS_WITH_AS(matmul_transposed(zeros(2, 3), zeros(5, 4)),
                         "matmul_transposed: a must be [*, 4], got [2, 3]", ShapeError);
  }
}

}  // namespace
