// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/matrix.hpp>

#include <cmath>
#include <cstddef>
#include <vector>

namespace reference {

using ttt::Index;
using ttt::Matrix;

/// Softmax attention of each query over the last `window` keys up to its own, entry by entry.
///
/// \shape  q [queries, heads * head], k and v [keys, heads * head] -> the shape of q
template <class S>
Matrix<double> attend(const Matrix<S>& q, const Matrix<S>& k, const Matrix<S>& v, Index heads,
                      Index window) {
  const Index head = q.cols() / heads;
  Matrix<double> y = Matrix<double>::Zero(q.rows(), q.cols());
  for (Index h = 0; h < heads; ++h) {
    for (Index i = 0; i < q.rows(); ++i) {
      const Index own = k.rows() - q.rows() + i;
      std::vector<double> weights;
      double total = 0;
      for (Index j = 0; j <= own; ++j) {
        double score = 0;
        for (Index c = h * head; c < (h + 1) * head; ++c) {
          score += static_cast<double>(q(i, c)) * static_cast<double>(k(j, c));
        }
        const bool seen = own < j + window;
        weights.push_back(seen ? std::exp(score / std::sqrt(static_cast<double>(head))) : 0);
        total += weights.back();
      }
      for (Index j = 0; j <= own; ++j) {
        for (Index c = h * head; c < (h + 1) * head; ++c) {
          y(i, c) += weights[static_cast<std::size_t>(j)] / total * static_cast<double>(v(j, c));
        }
      }
    }
  }
  return y;
}

}  // namespace reference
