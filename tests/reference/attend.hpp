// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/cpu/matrix.hpp>

#include <algorithm>
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

/// The same, and in the same softmax the first seen[i] kept keys, each with its bias.
template <class S>
Matrix<S> attend_kept(const Matrix<S>& q, const Matrix<S>& k, const Matrix<S>& v,
                      const Matrix<S>& far_q, const Matrix<S>& kept_k, const Matrix<S>& kept_v,
                      const Matrix<S>& bias, Index heads, Index window,
                      const std::vector<Index>& seen) {
  const Index head = q.cols() / heads;
  const Index before = k.rows() - q.rows();
  const double root = std::sqrt(static_cast<double>(head));
  Matrix<S> y = Matrix<S>::Zero(q.rows(), q.cols());
  for (Index h = 0; h < heads; ++h) {
    for (Index i = 0; i < q.rows(); ++i) {
      std::vector<double> weights;
      std::vector<const S*> values;
      double total = 0;
      const auto add = [&](const S* query, const S* key, double added, const S* value) {
        double score = 0;
        for (Index d = 0; d < head; ++d) {
          score += static_cast<double>(query[d]) * static_cast<double>(key[d]);
        }
        weights.push_back(std::exp(score / root + added));
        total += weights.back();
        values.push_back(value);
      };
      for (Index j = std::max<Index>(0, before + i + 1 - window); j <= before + i; ++j) {
        add(&q(i, h * head), &k(j, h * head), 0, &v(j, h * head));
      }
      for (Index j = 0; j < seen[static_cast<std::size_t>(i)]; ++j) {
        add(&far_q(i, h * head), &kept_k(j, h * head),
            bias.size() > 0 ? static_cast<double>(bias(j, 0)) : 0.0, &kept_v(j, h * head));
      }
      for (Index d = 0; d < head; ++d) {
        double sum = 0;
        for (std::size_t n = 0; n < weights.size(); ++n) {
          sum += weights[n] * static_cast<double>(values[n][d]);
        }
        y(i, h * head + d) = static_cast<S>(sum / total);
      }
    }
  }
  return y;
}

/// The first seen[i] kept keys alone, each with its bias; zeros where there are none.
template <class S>
Matrix<S> attend_only_kept(const Matrix<S>& q, const Matrix<S>& k, const Matrix<S>& v,
                           const Matrix<S>& bias, Index heads, const std::vector<Index>& seen) {
  const Index head = q.cols() / heads;
  const double root = std::sqrt(static_cast<double>(head));
  Matrix<S> y = Matrix<S>::Zero(q.rows(), q.cols());
  for (Index h = 0; h < heads; ++h) {
    for (Index i = 0; i < q.rows(); ++i) {
      std::vector<double> sums(static_cast<std::size_t>(head), 0);
      double total = 0;
      for (Index j = 0; j < seen[static_cast<std::size_t>(i)]; ++j) {
        double score = 0;
        for (Index c = h * head; c < (h + 1) * head; ++c) {
          score += static_cast<double>(q(i, c)) * static_cast<double>(k(j, c));
        }
        const double added = bias.size() > 0 ? static_cast<double>(bias(j, 0)) : 0.0;
        const double weight = std::exp(score / root + added);
        total += weight;
        for (Index d = 0; d < head; ++d) {
          sums[static_cast<std::size_t>(d)] += weight * static_cast<double>(v(j, h * head + d));
        }
      }
      if (total == 0) continue;
      for (Index d = 0; d < head; ++d) {
        y(i, h * head + d) = static_cast<S>(sums[static_cast<std::size_t>(d)] / total);
      }
    }
  }
  return y;
}

}  // namespace reference
