// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/tree.hpp>

#include <doctest/doctest.h>

#include <cmath>

#include "laws/numbers.hpp"

namespace laws {

/// Agreement of a gradient along a direction with the difference quotient in double, relative.
constexpr double gradient_tolerance = 1e-6;

/// The gradient equals the difference quotient of the loss, tensor by tensor, each along a
/// direction drawn at random.
///
/// \pre loss is smooth within about 3 `step` of `params`
template <class Params, class Loss>
void check_gradient(const Params& params, const Params& gradient, Loss loss, double step = 1e-5) {
  Random random(17);
  Params moved = params;
  for_each_array(
      [&](const Leaf& leaf, Matrix<double>& array, const Matrix<double>& g) {
        REQUIRE(g.rows() == array.rows());
        REQUIRE(g.cols() == array.cols());
        if (array.size() == 0) return;
        const Matrix<double> start = array;
        const auto direction = normal(array.rows(), array.cols(), random);
        const double expected = slope(
            [&](double by) {
              array = start + by * direction;
              return loss(moved);
            },
            step);
        array = start;
        const double ours = g.cwiseProduct(direction).sum();
        CAPTURE(leaf.name);
        CAPTURE(ours);
        CAPTURE(expected);
        CHECK(std::abs(expected) > 0);
        CHECK(std::abs(ours - expected) <= gradient_tolerance * std::abs(expected));
      },
      moved, gradient);
}

}  // namespace laws
