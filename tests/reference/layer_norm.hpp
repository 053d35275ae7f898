// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/cpu/matrix.hpp>

#include <cmath>

namespace reference {

using ttt::Index;
using ttt::Matrix;

/// w (x - mean) / sqrt(variance + 1e-5) + b over groups as wide as w, entry by entry.
template <class S>
Matrix<double> layer_norm(const Matrix<S>& x, const Matrix<S>& w, const Matrix<S>& b) {
  const auto width = static_cast<double>(w.cols());
  Matrix<double> y(x.rows(), x.cols());
  for (Index t = 0; t < x.rows(); ++t) {
    for (Index first = 0; first < x.cols(); first += w.cols()) {
      const auto at = [&](Index i) { return static_cast<double>(x(t, first + i)); };
      double mean = 0;
      for (Index i = 0; i < w.cols(); ++i) mean += at(i) / width;
      double variance = 0;
      for (Index i = 0; i < w.cols(); ++i) variance += (at(i) - mean) * (at(i) - mean) / width;
      for (Index i = 0; i < w.cols(); ++i) {
        y(t, first + i) =
            static_cast<double>(w(0, i)) * (at(i) - mean) / std::sqrt(variance + 1e-5) +
            static_cast<double>(b(0, i));
      }
    }
  }
  return y;
}

}  // namespace reference
