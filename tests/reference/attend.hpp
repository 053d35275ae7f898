// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/cpu/matrix.hpp>

#include <cmath>
#include <cstddef>
#include <functional>
#include <vector>

namespace reference {

using ttt::Index;
using ttt::Matrix;

/// Keys and values, with the queries that are multiplied by them.
template <class S>
struct Source {
  Matrix<S> q, k, v;
  Matrix<S> bias;                          ///< [keys, 1] or without elements
  std::function<bool(Index, Index)> sees;  ///< whether a query sees a key
  /// [keys] or empty: of each at the first query. The bias is then for each token of age, and
  /// [keys, kv_heads].
  std::vector<Index> age{};
};

/// Softmax attention of each query over all keys of all sources that it sees, entry by entry;
/// zeros where it sees none. Key/value head `h / (heads / kv_heads)` is that of head h.
template <class S>
Matrix<double> attend(const std::vector<Source<S>>& sources, Index heads, Index kv_heads) {
  const auto& queries = sources[0].q;
  const Index head = queries.cols() / heads;
  Matrix<double> y = Matrix<double>::Zero(queries.rows(), queries.cols());
  for (Index h = 0; h < heads; ++h) {
    const Index own = h * head;
    const Index shared = h / (heads / kv_heads) * head;
    for (Index i = 0; i < queries.rows(); ++i) {
      double total = 0;
      std::vector<double> sum(static_cast<std::size_t>(head), 0);
      for (const Source<S>& source : sources) {
        for (Index j = 0; j < source.k.rows(); ++j) {
          if (!source.sees(i, j)) continue;
          double score = 0;
          for (Index c = 0; c < head; ++c) {
            score += static_cast<double>(source.q(i, own + c)) *
                     static_cast<double>(source.k(j, shared + c));
          }
          score /= std::sqrt(static_cast<double>(head));
          if (!source.age.empty()) {
            const Index age = source.age[static_cast<std::size_t>(j)] + i;
            score += static_cast<double>(age) *
                     static_cast<double>(source.bias(j, h / (heads / kv_heads)));
          } else if (source.bias.size() > 0) {
            score += static_cast<double>(source.bias(j, 0));
          }
          total += std::exp(score);
          for (Index c = 0; c < head; ++c) {
            sum[static_cast<std::size_t>(c)] +=
                std::exp(score) * static_cast<double>(source.v(j, shared + c));
          }
        }
      }
      for (Index c = 0; c < head && total > 0; ++c) {
        y(i, own + c) = sum[static_cast<std::size_t>(c)] / total;
      }
    }
  }
  return y;
}

/// The last `window` keys up to the query's own, where the queries are the last of the tokens.
inline std::function<bool(Index, Index)> within(Index queries, Index keys, Index window) {
  return [=](Index i, Index j) {
    const Index own = keys - queries + i;
    return j <= own && own < j + window;
  };
}

/// Attention of one source over a window.
template <class S>
Matrix<double> attend(const Matrix<S>& q, const Matrix<S>& k, const Matrix<S>& v, Index heads,
                      Index window) {
  return attend<S>({{q, k, v, {}, within(q.rows(), k.rows(), window)}}, heads, heads);
}

/// The first seen[i] keys.
inline std::function<bool(Index, Index)> leading(std::vector<Index> seen) {
  return [=](Index i, Index j) { return j < seen[static_cast<std::size_t>(i)]; };
}

}  // namespace reference
