// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>
#include <ttt/shape.hpp>

#include <algorithm>
#include <cmath>

namespace ttt {

/// Causal softmax attention over a sliding window, head by head.
///
///   y_i = sum_j p_ij v_j,    p_i = softmax_j(q_i k_j / sqrt(head)),    i - window < j <= i
///
/// The queries are the last of the keys' tokens: query i stands at key keys - queries + i. Work
/// goes by tiles of queries against the keys they can see; nothing of [queries, keys] outlives a
/// tile.
///
/// \shape  q [queries, heads * head], k and v [keys, heads * head] -> the shape of q
/// \throws ShapeError if keys are fewer than queries or widths differ.
/// \cost   O(queries * min(window, keys) * width); the pullback 2.5 times that
/// \source Vaswani et al. 2017, "Attention Is All You Need", arXiv:1706.03762; Beltagy et al. 2020,
///         "Longformer", arXiv:2004.05150, for the window
struct AttendWindow {
  static constexpr bool remembers = true;
  static constexpr Index tile = 64;  ///< queries; ours

  Index heads;   ///< of equal width
  Index window;  ///< keys that a query sees, its own included

  template <Array A>
  [[nodiscard]] A value(const A& q, const A& k, const A& v) const {
    expect_shape("attend", "k", value_of(k), {any, cols(q)});
    expect_shape("attend", "v", value_of(v), {rows(k), cols(q)});
    if (rows(k) < rows(q)) expect_shape("attend", "k", value_of(k), {rows(q), cols(q)});
    A y = zeros<A>(rows(q), cols(q));
    for_each_tile(q, k, [&](const Tile& at) {
      const A values = block(v, at.first_key, at.col, at.keys, at.head);
      const A p = probabilities(block(q, at.first_query, at.col, at.queries, at.head),
                                block(k, at.first_key, at.col, at.keys, at.head), at);
      add_block(y, at.first_query, at.col, product<A>(p, values));
    });
    return y;
  }

  /// The tangent half of `value` by itself.
  template <class S>
  [[nodiscard]] Matrix<S> tangent(const Dual<Matrix<S>>& q, const Dual<Matrix<S>>& k,
                                  const Dual<Matrix<S>>& v) const {
    Matrix<S> y = Matrix<S>::Zero(rows(q), cols(q));
    for_each_tile(q, k, [&](const Tile& at) {
      const Dual<Matrix<S>> p = probabilities(block(q, at.first_query, at.col, at.queries, at.head),
                                              block(k, at.first_key, at.col, at.keys, at.head), at);
      Matrix<S> part;
      product_into<S>(nullptr, &part, p, block(v, at.first_key, at.col, at.keys, at.head));
      add_block(y, at.first_query, at.col, part);
    });
    return y;
  }

  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& q, const Input<A>& k,
                const Input<A>& v) const {
    A dq = zeros<A>(rows(q.value()), cols(q.value()));
    A dk = zeros<A>(rows(k.value()), cols(k.value()));
    A dv = zeros<A>(rows(v.value()), cols(v.value()));
    for_each_tile(q.value(), k.value(), [&](const Tile& at) {
      const A queries = block(q.value(), at.first_query, at.col, at.queries, at.head);
      const A keys = block(k.value(), at.first_key, at.col, at.keys, at.head);
      const A values = block(v.value(), at.first_key, at.col, at.keys, at.head);
      const A g = block(dy, at.first_query, at.col, at.queries, at.head);
      const A p = probabilities(queries, keys, at);
      const A ds = score_cotangent(p, product<A>(g, transposed(values)), at);
      add_block(dv, at.first_key, at.col, v.part(transposed(p), g));
      add_block(dq, at.first_query, at.col, q.part(ds, keys));
      add_block(dk, at.first_key, at.col, k.part(transposed(ds), queries));
    });
    if (q.wanted()) q.add(std::move(dq));
    if (k.wanted()) k.add(std::move(dk));
    if (v.wanted()) v.add(std::move(dv));
  }

 private:
  /// A block of queries of one head, and the block of keys that some of them see.
  struct Tile {
    Index col, head;
    Index first_query, queries;
    Index first_key, keys;
    Index offset;  ///< place of query 0 of the tile among the tile's keys
    Index window;

    [[nodiscard]] Index first_visible(Index query) const {
      return std::max<Index>(0, offset + query + 1 - window);
    }
    [[nodiscard]] Index visible(Index query) const {
      return offset + query + 1 - first_visible(query);
    }
  };

  template <Array A, class Visit>
  void for_each_tile(const A& q, const A& k, Visit&& visit) const {
    const Index head = cols(q) / heads;
    const Index before = rows(k) - rows(q);
    for (Index first = 0; first < rows(q); first += tile) {
      const Index queries = std::min(tile, rows(q) - first);
      const Index first_key = std::max<Index>(0, before + first + 1 - window);
      for (Index h = 0; h < heads; ++h) {
        visit(Tile{.col = h * head,
                   .head = head,
                   .first_query = first,
                   .queries = queries,
                   .first_key = first_key,
                   .keys = before + first + queries - first_key,
                   .offset = before + first - first_key,
                   .window = window});
      }
    }
  }

  /// The softmax of the tile's scores; zero where a key is hidden.
  ///
  /// \shape  q [queries, head], k [keys, head] -> [queries, keys]
  template <Array A>
  [[nodiscard]] static A probabilities(const A& q, const A& k, const Tile& at) {
    using S = Scalar<A>;
    const S scale = S(1) / std::sqrt(static_cast<S>(at.head));
    const A scores = product<A>(q, transposed(k));
    A p = zeros<A>(at.queries, at.keys);
    for (Index i = 0; i < at.queries; ++i) {
      const Index first = i * at.keys + at.first_visible(i);
      const Index count = at.visible(i);
      const S largest =
          scale * value_of(scores).row(i).segment(at.first_visible(i), count).maxCoeff();
      LaneOf<A> lanes = zero_lane<A>();
      NumberOf<A> total{};
      for_each_lane<S>(count, [&](Index j, Index width) {
        const LaneOf<A> e = exp(load(scores, first + j, width) * scale - largest);
        store(e, p, first + j, width);
        if (width == Lane<S>::size) {
          lanes = lanes + e;
        } else {
          total = sum_first(e, width);
        }
      });
      const NumberOf<A> share = reciprocal(sum(lanes) + total);
      for_each_lane<S>(count, [&](Index j, Index width) {
        store(load(p, first + j, width) * share, p, first + j, width);
      });
    }
    return p;
  }

  /// The cotangent of q k^T, given that of the probabilities: p (dp - sum(p dp)) / sqrt(head).
  template <Array A>
  [[nodiscard]] static A score_cotangent(const A& p, const A& dp, const Tile& at) {
    using S = Scalar<A>;
    const S scale = S(1) / std::sqrt(static_cast<S>(at.head));
    A ds = zeros<A>(at.queries, at.keys);
    for (Index i = 0; i < at.queries; ++i) {
      const Index first = i * at.keys + at.first_visible(i);
      LaneOf<A> lanes = zero_lane<A>();
      for_each_lane<S>(at.visible(i), [&](Index j, Index width) {
        lanes = lanes + load(p, first + j, width) * load(dp, first + j, width);
      });
      const NumberOf<A> mean = sum(lanes);
      for_each_lane<S>(at.visible(i), [&](Index j, Index width) {
        store(load(p, first + j, width) * (load(dp, first + j, width) - mean) * scale, ds,
              first + j, width);
      });
    }
    return ds;
  }
};

/// Attention of each query over the last `window` keys up to its own.
template <class Q, class K, class V>
[[nodiscard]] auto attend(const Q& q, const K& k, const V& v, Index heads, Index window) {
  return apply(AttendWindow{.heads = heads, .window = window}, q, k, v);
}

static_assert(Operation<AttendWindow>);

}  // namespace ttt
