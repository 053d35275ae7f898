// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>
#include <ttt/shape.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace ttt {

namespace detail {

/// Neighbouring keys that a query sees, as columns of a tile's scores.
struct Seen {
  Index first;
  Index count;
};

/// A block of queries of one head, and the block of a window's keys that some of them see.
struct WindowTile {
  Index col, head;
  Index first_query, queries;
  Index first_key, keys;
  Index offset;  ///< place of query 0 of the tile among the tile's keys
  Index window;

  /// What query `query` of the tile sees.
  [[nodiscard]] Seen seen(Index query) const {
    const Index first = std::max<Index>(0, offset + query + 1 - window);
    return {first, offset + query + 1 - first};
  }
};

/// A block of queries of one head.
struct QueryTile {
  Index col, head;
  Index first_query, queries;
};

/// Calls visit(QueryTile) for blocks of 64 queries, head by head. The size of the block is ours.
template <Array A, class Visit>
void for_each_query_tile(const A& q, Index heads, Visit&& visit) {
  constexpr Index tile = 64;
  const Index head = cols(q) / heads;
  for (Index first = 0; first < rows(q); first += tile) {
    const Index queries = std::min(tile, rows(q) - first);
    for (Index h = 0; h < heads; ++h) {
      visit(QueryTile{.col = h * head, .head = head, .first_query = first, .queries = queries});
    }
  }
}

/// Calls visit(WindowTile) for the same blocks of queries.
template <Array A, class Visit>
void for_each_window_tile(const A& q, const A& k, Index heads, Index window, Visit&& visit) {
  const Index before = rows(k) - rows(q);
  for_each_query_tile(q, heads, [&](const QueryTile& at) {
    const Index own = before + at.first_query;  // key of query 0 of the tile
    const Index first_key = std::max<Index>(0, own + 1 - window);
    visit(WindowTile{.col = at.col,
                     .head = at.head,
                     .first_query = at.first_query,
                     .queries = at.queries,
                     .first_key = first_key,
                     .keys = own + at.queries - first_key,
                     .offset = own - first_key,
                     .window = window});
  });
}

/// What products of queries and keys are multiplied by before the softmax.
template <Array A>
[[nodiscard]] Scalar<A> attention_scale(Index head) {
  return Scalar<A>(1) / std::sqrt(static_cast<Scalar<A>>(head));
}

/// The softmax, row by row, of scale * scores over the columns that the row sees; zero elsewhere.
/// sees(row) is an array of Seen; a row that sees nothing is zero.
template <Array A, class Sees>
[[nodiscard]] A softmax_of_seen(const A& scores, Scalar<A> scale, Sees&& sees) {
  using S = Scalar<A>;
  A p = zeros<A>(rows(scores), cols(scores));
  for (Index i = 0; i < rows(scores); ++i) {
    const auto& seen = sees(i);
    S largest = -std::numeric_limits<S>::infinity();
    for (const auto& [first, count] : seen) {
      if (count == 0) continue;
      largest = std::max(largest, scale * value_of(scores).row(i).segment(first, count).maxCoeff());
    }
    LaneOf<A> lanes = zero_lane<A>();
    ttt::NumberOf<A> total{};
    for (const auto& [first, count] : seen) {
      const Index at = i * cols(scores) + first;
      for_each_lane<S>(count, [&](Index j, Index width) {
        const LaneOf<A> e = exp(load(scores, at + j, width) * scale - largest);
        store(e, p, at + j, width);
        if (width == Lane<S>::size) {
          lanes = lanes + e;
        } else {
          total = total + sum_first(e, width);
        }
      });
    }
    const ttt::NumberOf<A> share = reciprocal(sum(lanes) + total);
    for (const auto& [first, count] : seen) {
      const Index at = i * cols(scores) + first;
      for_each_lane<S>(count, [&](Index j, Index width) {
        store(load(p, at + j, width) * share, p, at + j, width);
      });
    }
  }
  return p;
}

/// The cotangent of the scores, given that of their softmax: p (dp - sum(p dp)) * scale.
template <Array A, class Sees>
[[nodiscard]] A score_cotangent(const A& p, const A& dp, Scalar<A> scale, Sees&& sees) {
  using S = Scalar<A>;
  A ds = zeros<A>(rows(p), cols(p));
  for (Index i = 0; i < rows(p); ++i) {
    const auto& seen = sees(i);
    LaneOf<A> lanes = zero_lane<A>();
    for (const auto& [first, count] : seen) {
      const Index at = i * cols(p) + first;
      for_each_lane<S>(count, [&](Index j, Index width) {
        lanes = lanes + load(p, at + j, width) * load(dp, at + j, width);
      });
    }
    const ttt::NumberOf<A> mean = sum(lanes);
    for (const auto& [first, count] : seen) {
      const Index at = i * cols(p) + first;
      for_each_lane<S>(count, [&](Index j, Index width) {
        store(load(p, at + j, width) * (load(dp, at + j, width) - mean) * scale, ds, at + j, width);
      });
    }
  }
  return ds;
}

}  // namespace detail

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
 private:
  static auto sees(const detail::WindowTile& at) {
    return [&at](Index query) { return std::array{at.seen(query)}; };
  }

 public:
  static constexpr bool remembers = true;
  Index heads;   ///< of equal width
  Index window;  ///< keys that a query sees, its own included

  template <Array A>
  [[nodiscard]] A value(const A& q, const A& k, const A& v) const {
    expect_shape("attend", "k", value_of(k), {any, cols(q)});
    expect_shape("attend", "v", value_of(v), {rows(k), cols(q)});
    if (rows(k) < rows(q)) expect_shape("attend", "k", value_of(k), {rows(q), cols(q)});
    A y = zeros<A>(rows(q), cols(q));
    for_each_tile(q, k, [&](const detail::WindowTile& at) {
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
    for_each_tile(q, k, [&](const detail::WindowTile& at) {
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
    for_each_tile(q.value(), k.value(), [&](const detail::WindowTile& at) {
      const A queries = block(q.value(), at.first_query, at.col, at.queries, at.head);
      const A keys = block(k.value(), at.first_key, at.col, at.keys, at.head);
      const A values = block(v.value(), at.first_key, at.col, at.keys, at.head);
      const A g = block(dy, at.first_query, at.col, at.queries, at.head);
      const A p = probabilities(queries, keys, at);
      const A ds = detail::score_cotangent(p, product<A>(g, transposed(values)),
                                           detail::attention_scale<A>(at.head), sees(at));
      add_block(dv, at.first_key, at.col, v.part(transposed(p), g));
      add_block(dq, at.first_query, at.col, q.part(ds, keys));
      add_block(dk, at.first_key, at.col, k.part(transposed(ds), queries));
    });
    if (q.wanted()) q.add(std::move(dq));
    if (k.wanted()) k.add(std::move(dk));
    if (v.wanted()) v.add(std::move(dv));
  }

 private:
  template <Array A, class Visit>
  void for_each_tile(const A& q, const A& k, Visit&& visit) const {
    detail::for_each_window_tile(q, k, heads, window, visit);
  }

  /// The softmax of the tile's scores; zero where a key is hidden.
  ///
  /// \shape  q [queries, head], k [keys, head] -> [queries, keys]
  template <Array A>
  [[nodiscard]] static A probabilities(const A& q, const A& k, const detail::WindowTile& at) {
    return detail::softmax_of_seen(product<A>(q, transposed(k)),
                                   detail::attention_scale<A>(at.head), sees(at));
  }
};

/// Attention of each query over the last `window` keys up to its own.
template <class Q, class K, class V>
[[nodiscard]] auto attend(const Q& q, const K& k, const V& v, Index heads, Index window) {
  return apply(AttendWindow{.heads = heads, .window = window}, q, k, v);
}

static_assert(Operation<AttendWindow>);

}  // namespace ttt
