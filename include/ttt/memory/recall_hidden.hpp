// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/metadata.hpp>
#include <ttt/algebra/operations.hpp>
#include <ttt/memory/entry.hpp>

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

namespace ttt {

/// Attention, without positions, to the hidden states that a cache stores.
///
///   y_t = softmax over stored j before t of ((x_t W_q) (h_j W_k) / sqrt(head)) h_j W_v W_o
///
/// A query that no stored token precedes gets zeros.
///
/// \source arXiv:2603.06642, second version, and its code
struct RecallHidden {
  /// The projections, which are the cache's own.
  template <class A>
  struct Params {
    A wq;  ///< [width, heads * head], to queries
    A wk;  ///< [width, heads * head], from what is stored to keys
    A wv;  ///< [width, heads * head], from what is stored to values
    A wo;  ///< [heads * head, width], from what is read

    /// Calls on(name, member...) for each member of trees of one form.
    static constexpr void visit(auto&& on, auto&... trees) {
      on("W_qc.weight", trees.wq...);
      on("W_kc.weight", trees.wk...);
      on("W_vc.weight", trees.wv...);
      on("W_o.weight", trees.wo...);
    }
  };

  /// The result of a read.
  template <class X>
  struct Result {
    X weights;  ///< [time, heads * stored]
    X rows;     ///< [time, heads * head], before W_o
  };

  /// \shape  x [time, width], hidden [stored, width], stored > 0; `position` is that of row 0
  /// \cost   O((time + stored) * width * heads * head + time * stored * heads * head)
  template <class P, class X>
  [[nodiscard]] static Result<X> read(const Params<P>& params, const X& hidden,
                                      std::span<const Entry> entries, const X& x, Index heads,
                                      Index position) {
    const X q = matmul(x, params.wq);
    const X k = matmul(hidden, params.wk);
    const X v = matmul(hidden, params.wv);
    std::vector<Index> from;
    for (const Entry& entry : entries) {
      from.push_back(std::max<Index>(0, entry.position + 1 - position));
    }
    const Index head = col_count(q) / heads;
    const double scale = 1 / std::sqrt(static_cast<double>(head));
    X weights =
        masked_softmax(matmul_heads(q, k, heads, Flip::right), heads, scale, std::move(from));
    X rows = matmul_heads(weights, v, heads);
    return {std::move(weights), std::move(rows)};
  }
};

/// Notes what the entries of a cache received from queries, all of which see all of them.
///
/// \shape  weights [queries, heads * stored], row by row
inline void note_recall(Metadata<Entry>& entries, const std::vector<double>& weights, Index queries,
                        Index heads, Index position) {
  const Index stored = std::ssize(entries);
  for (Index n = 0; n < stored; ++n) {
    Entry& entry = at(entries, n);
    entry.readers += queries;
    for (Index t = 0; t < queries; ++t) {
      double share = 0;  // mean over heads
      for (Index h = 0; h < heads; ++h) {
        share += at(weights, (t * heads + h) * stored + n) / static_cast<double>(heads);
      }
      entry.attended += share;
      if (share * static_cast<double>(stored) > 1) entry.attended_at = position + t;
    }
  }
}

}  // namespace ttt
