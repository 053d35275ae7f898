// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/cpu/matrix.hpp>

#include <cmath>

namespace reference {

using ttt::Index;
using ttt::Matrix;

/// a / (1 + exp(-a)) b, entry by entry.
template <class S>
Matrix<double> silu_gate(const Matrix<S>& a, const Matrix<S>& b) {
  Matrix<double> y(a.rows(), a.cols());
  for (Index t = 0; t < a.rows(); ++t) {
    for (Index i = 0; i < a.cols(); ++i) {
      const double x = static_cast<double>(a(t, i));
      y(t, i) = x / (1 + std::exp(-x)) * static_cast<double>(b(t, i));
    }
  }
  return y;
}

}  // namespace reference
