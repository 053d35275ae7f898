// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/matrix.hpp>

#include <cmath>
#include <vector>

namespace ttt {

/// How badly the values of tokens that leave are given back by those that stay, asked with the
/// leaving tokens' own keys: what will be missed.
///
///   p_tj     softmax over staying j of k_t k_j / sqrt(head), for each head
///   error_t  mean over features of (v_t - sum_j p_tj v_j)^2
///
/// Where nobody stays, the sum is 0.
///
/// \shape  keys, values [time, width], un-rotated, of which the first `leaving` leave -> [leaving]
/// \pre    heads divides width; 0 <= leaving <= time
/// \cost   O(leaving * time * width)
/// \source the reconstruction loss of arXiv:2603.06642; ours: attention in place of fast weights
template <class S>
[[nodiscard]] std::vector<double> reconstruction_errors(const Matrix<S>& keys,
                                                        const Matrix<S>& values, Index leaving,
                                                        Index heads) {
  const Index staying = keys.rows() - leaving;
  const Index head = keys.cols() / heads;
  const S scale = 1 / std::sqrt(static_cast<S>(head));
  Matrix<S> missed = values.topRows(leaving);
  for (Index h = 0; h < heads && staying > 0; ++h) {
    const auto of_head = [&](const Matrix<S>& rows, Index first, Index count) {
      return rows.block(first, h * head, count, head);
    };
    Matrix<S> share =
        scale * of_head(keys, 0, leaving) * of_head(keys, leaving, staying).transpose();
    for (Index t = 0; t < leaving; ++t) {
      auto row = share.row(t).array();
      row = (row - row.maxCoeff()).exp();
      row /= row.sum();
    }
    missed.middleCols(h * head, head) -= share * of_head(values, leaving, staying);
  }
  std::vector<double> errors;
  for (Index t = 0; t < leaving; ++t) {
    errors.push_back(static_cast<double>(missed.row(t).squaredNorm()) /
                     static_cast<double>(missed.cols()));
  }
  return errors;
}

}  // namespace ttt
