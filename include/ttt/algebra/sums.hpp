// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/matrix.hpp>

namespace ttt {

/// The sum of the products of corresponding elements: each row by itself, the rows in double.
template <class S>
[[nodiscard]] double dot(const Matrix<S>& a, const Matrix<S>& b) {
  double total = 0;
  for (Index row = 0; row < a.rows(); ++row)
    total += static_cast<double>(a.row(row).dot(b.row(row)));
  return total;
}

/// The square of an array's norm as a vector, summed likewise.
template <class S>
[[nodiscard]] double sum_of_squares(const Matrix<S>& a) {
  return dot(a, a);
}

}  // namespace ttt
