// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/cpu/matrix.hpp>

#include <cmath>

namespace reference {

using ttt::Index;
using ttt::Matrix;

/// Turns pairs of each head by position * base^(-2 pair / head); row t has position first + t.
///
/// Pair i of a head is its elements `step` i and `step` i + `apart`: 2 and 1 for neighbours, 1 and
/// head / 2 for one from each half.
template <class S>
Matrix<double> rotate(const Matrix<S>& x, Index head, double base, Index first, Index step,
                      Index apart) {
  Matrix<double> y(x.rows(), x.cols());
  for (Index t = 0; t < x.rows(); ++t) {
    for (Index at = 0; at < x.cols(); at += head) {
      for (Index pair = 0; pair < head / 2; ++pair) {
        const double angle =
            static_cast<double>(first + t) *
            std::pow(base, -2.0 * static_cast<double>(pair) / static_cast<double>(head));
        const Index i = at + step * pair;
        const double a = static_cast<double>(x(t, i));
        const double b = static_cast<double>(x(t, i + apart));
        y(t, i) = a * std::cos(angle) - b * std::sin(angle);
        y(t, i + apart) = a * std::sin(angle) + b * std::cos(angle);
      }
    }
  }
  return y;
}

}  // namespace reference
