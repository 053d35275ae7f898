// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/cpu/matrix.hpp>

#include <cmath>

namespace reference {

using ttt::Index;
using ttt::Matrix;

/// w x / sqrt(mean(x^2) + 1e-6) over groups as wide as w, entry by entry.
template <class S>
Matrix<double> rms_norm(const Matrix<S>& x, const Matrix<S>& w) {
  Matrix<double> y(x.rows(), x.cols());
  for (Index t = 0; t < x.rows(); ++t) {
    for (Index first = 0; first < x.cols(); first += w.cols()) {
      double squares = 0;
      for (Index i = 0; i < w.cols(); ++i) {
        squares += static_cast<double>(x(t, first + i)) * static_cast<double>(x(t, first + i));
      }
      const double root = std::sqrt(squares / static_cast<double>(w.cols()) + 1e-6);
      for (Index i = 0; i < w.cols(); ++i) {
        y(t, first + i) =
            static_cast<double>(w(0, i)) * static_cast<double>(x(t, first + i)) / root;
      }
    }
  }
  return y;
}

}  // namespace reference
