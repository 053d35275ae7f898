// SPDX-License-Identifier: Apache-2.0
#include "reference/layer_norm.hpp"

#include <ttt/algebra/operations/layer_norm.hpp>

#include <doctest/doctest.h>

#include "laws/causal.hpp"
#include "laws/operation.hpp"

namespace {

using namespace ttt;
using laws::normal;

/// Rounding of two passes over a row.
template <class S>
constexpr double tolerance = 1e-12;
template <>
constexpr double tolerance<float> = 1e-5;

TEST_SUITE("algebra") {
  TEST_CASE_TEMPLATE("layer_norm equals its plain loop", S, double, float) {
    Random random(1);
    for (const Index width : {2, 15, 16, 17, 33}) {
      for (const Index groups : {1, 3}) {
        CAPTURE(width);
        CAPTURE(groups);
        const Matrix<S> x = normal<S>(5, groups * width, random).array() + S(3);
        const auto w = normal<S>(1, width, random);
        const auto b = normal<S>(1, width, random);
        CHECK(laws::disagreement(layer_norm(x, w, b), reference::layer_norm(x, w, b)) <
              tolerance<S>);
      }
    }
  }

  TEST_CASE("layer_norm has its derivatives") {
    Random random(2);
    for (const Index width : {15, 16, 17, 33}) {
      CAPTURE(width);
      laws::check_operation(LayerNorm{}, normal(3, width, random), normal(1, width, random),
                            normal(1, width, random));
    }
    laws::check_operation(LayerNorm{}, normal(3, 3 * 6, random), normal(1, 6, random),
                          normal(1, 6, random));
  }

  TEST_CASE("layer_norm of equal numbers is its bias") {
    const Matrix<double> x = Matrix<double>::Constant(1, 4, 7);
    const Matrix<double> w = Matrix<double>::Ones(1, 4);
    const Matrix<double> b = Matrix<double>::Constant(1, 4, 0.5);
    CHECK(layer_norm(x, w, b) == b);
  }

  TEST_CASE("layer_norm is causal") {
    Random random(3);
    const auto w = normal<float>(1, 17, random);
    laws::check_causal([&](const Matrix<float>& x) { return layer_norm(x, w, w); },
                       normal<float>(6, 17, random));
  }

  TEST_CASE("layer_norm refuses weights that do not divide the row, and biases unlike weights") {
    const Matrix<double> x = Matrix<double>::Ones(2, 6);
    const auto ones = [](Index rows, Index cols) {
      return Matrix<double>(Matrix<double>::Ones(rows, cols));
    };
    CHECK_THROWS_WITH_AS(layer_norm(x, ones(1, 4), ones(1, 4)),
                         "layer_norm: weight must be [1, 6], got [1, 4]", ShapeError);
    CHECK_THROWS_WITH_AS(layer_norm(x, ones(2, 6), ones(1, 6)),
                         "layer_norm: weight must be [1, 6], got [2, 6]", ShapeError);
    CHECK_THROWS_WITH_AS(layer_norm(x, ones(1, 0), ones(1, 0)),
                         "layer_norm: weight must be [1, 6], got [1, 0]", ShapeError);
    CHECK_THROWS_WITH_AS(layer_norm(x, ones(1, 3), ones(1, 6)),
                         "layer_norm: bias must be [1, 3], got [1, 6]", ShapeError);
  }
}

}  // namespace
