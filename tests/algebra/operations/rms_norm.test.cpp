// SPDX-License-Identifier: Apache-2.0
#include "reference/rms_norm.hpp"

#include <ttt/algebra/operations/rms_norm.hpp>

#include <doctest/doctest.h>

#include "laws/causal.hpp"
#include "laws/operation.hpp"

namespace {

using namespace ttt;
using laws::normal;

/// Rounding of one pass over a row.
template <class S>
constexpr double tolerance = 1e-12;
template <>
constexpr double tolerance<float> = 1e-6;

TEST_SUITE("algebra") {
  TEST_CASE_TEMPLATE("rms_norm equals its plain loop", S, double, float) {
    Random random(1);
    for (const Index width : {1, 2, 15, 16, 17, 33}) {
      for (const Index groups : {1, 3}) {
        CAPTURE(width);
        CAPTURE(groups);
        const auto x = normal<S>(5, groups * width, random);
        const auto w = normal<S>(1, width, random);
        CHECK(laws::disagreement(rms_norm(x, w), reference::rms_norm(x, w)) < tolerance<S>);
      }
    }
  }

  TEST_CASE("rms_norm of groups with weights of their own is that of each by itself") {
    Random random(4);
    const auto x = normal(5, 3 * 17, random);
    const auto w = normal(1, 3 * 17, random);
    const Matrix<double> y = rms_norm(x, w, 1e-6, 3);
    for (Index g = 0; g < 3; ++g) {
      const Matrix<double> own = x.middleCols(g * 17, 17);
      const Matrix<double> weight = w.middleCols(g * 17, 17);
      CHECK(laws::disagreement(Matrix<double>(y.middleCols(g * 17, 17)),
                               reference::rms_norm(own, weight)) < tolerance<double>);
    }
    CHECK_THROWS_WITH_AS(rms_norm(x, Matrix<double>(w.leftCols(17)), 1e-6, 3),
                         "rms_norm: weight must be [1, 51], got [1, 17]", ShapeError);
    CHECK_THROWS_WITH_AS(rms_norm(x, w, 1e-6, 2), "rms_norm: x must be [*, 2], got [5, 51]",
                         ShapeError);
  }

  TEST_CASE("rms_norm has its derivatives") {
    Random random(2);
    for (const Index width : {15, 16, 17, 33}) {
      CAPTURE(width);
      laws::check_operation(RmsNorm{}, normal(3, width, random), normal(1, width, random));
    }
    laws::check_operation(RmsNorm{}, normal(3, 3 * 6, random), normal(1, 6, random));
    laws::check_operation(RmsNorm{.groups = 3}, normal(2, 3 * 6, random), normal(1, 3 * 6, random));
    // Without an epsilon of some size, the norm of one number is its sign.
    laws::check_operation(RmsNorm{.epsilon = 0.5}, normal(3, 1, random), normal(1, 1, random));
  }

  TEST_CASE("rms_norm of small numbers is bounded by its epsilon") {
    const Matrix<double> x = Matrix<double>::Constant(1, 4, 1e-9);
    const Matrix<double> y = rms_norm(x, Matrix<double>(Matrix<double>::Ones(1, 4)));
    CHECK(y(0, 0) == doctest::Approx(1e-6).epsilon(1e-9));
  }

  TEST_CASE("rms_norm is causal") {
    Random random(3);
    const auto w = normal<float>(1, 17, random);
    laws::check_causal([&](const Matrix<float>& x) { return rms_norm(x, w); },
                       normal<float>(6, 17, random));
  }

  TEST_CASE("rms_norm refuses a weight that does not divide the row") {
    const Matrix<double> x = Matrix<double>::Ones(2, 6);
    const auto weight = [](Index rows, Index cols) {
      return Matrix<double>(Matrix<double>::Ones(rows, cols));
    };
    CHECK_THROWS_WITH_AS(rms_norm(x, weight(1, 4)), "rms_norm: weight must be [1, 6], got [1, 4]",
                         ShapeError);
    CHECK_THROWS_WITH_AS(rms_norm(x, weight(2, 6)), "rms_norm: weight must be [1, 6], got [2, 6]",
                         ShapeError);
    CHECK_THROWS_WITH_AS(rms_norm(x, weight(1, 0)), "rms_norm: weight must be [1, 6], got [1, 0]",
                         ShapeError);
    CHECK_THROWS_AS(rms_norm(x, weight(2, 3)), ShapeError);
  }
}

}  // namespace
