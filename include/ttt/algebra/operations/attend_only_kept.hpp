// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations/attend_kept.hpp>

#include <array>
#include <utility>
#include <vector>

namespace ttt {

/// Attention to kept keys by themselves.
///
///   p_i = softmax(q_i k_j / sqrt(head) + bias_j for j < seen_i),    y_i = sum_j p_ij v_j
///
/// A query that sees none gets zeros. Nothing of [queries, kept] outlives a tile of queries.
///
/// \shape  q [queries, heads * head], k, v [kept, heads * head], bias [kept, 1] or without elements
///         -> the shape of q
/// \throws ShapeError if a shape is another; RangeError if a query sees more than is kept.
/// \cost   O(queries * kept * width); the pullback 2.5 times that
struct AttendOnlyKept {
  static constexpr bool remembers = true;

  Index heads;                       ///< of equal width
  std::vector<Index> seen;           ///< [queries], of the kept keys, the first ones
  KeptAttention* watched = nullptr;  ///< is told what `value` attends to, if not null

 private:
  [[nodiscard]] auto sees(const detail::QueryTile& at) const {
    return [this, &at](Index query) {
      return std::array{detail::Seen{0, seen[static_cast<std::size_t>(at.first_query + query)]}};
    };
  }

 public:
  template <Array A>
  [[nodiscard]] A value(const A& q, const A& k, const A& v, const A& bias) const {
    expect_shape("attend_only_kept", "k", value_of(k), {any, cols(q)});
    expect_shape("attend_only_kept", "v", value_of(v), {rows(k), cols(q)});
    if (rows(bias) > 0) expect_shape("attend_only_kept", "bias", value_of(bias), {rows(k), 1});
    detail::expect_seen("attend_only_kept", seen, rows(q), rows(k));
    detail::begin_to_watch(watched, rows(k));
    A y = zeros<A>(rows(q), cols(q));
    detail::for_each_query_tile(q, heads, [&](const detail::QueryTile& at) {
      const Sides<A> side(at, q, k, v);
      const A p = probabilities(side, bias, at);
      if (watched != nullptr) watch(value_of(p), at);
      add_block(y, at.first_query, at.col, product<A>(p, side.v));
    });
    return y;
  }

  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& q, const Input<A>& k,
                const Input<A>& v, const Input<A>& bias) const {
    A dq = zeros<A>(rows(q.value()), cols(q.value()));
    A dk = zeros<A>(rows(k.value()), cols(k.value()));
    A dv = zeros<A>(rows(v.value()), cols(v.value()));
    A dbias = zeros<A>(rows(bias.value()), cols(bias.value()));
    detail::for_each_query_tile(q.value(), heads, [&](const detail::QueryTile& at) {
      const Sides<A> side(at, q.value(), k.value(), v.value());
      const A g = block(dy, at.first_query, at.col, at.queries, at.head);
      const A p = probabilities(side, bias.value(), at);
      const Scalar<A> scale = detail::attention_scale<A>(at.head);
      const A ds = detail::score_cotangent(p, product<A>(g, transposed(side.v)), scale, sees(at));
      add_block(dv, 0, at.col, v.part(transposed(p), g));
      add_block(dq, at.first_query, at.col, q.part(ds, side.k));
      add_block(dk, 0, at.col, k.part(transposed(ds), side.q));
      if (rows(dbias) > 0) add_block(dbias, 0, 0, detail::bias_cotangent(ds, scale));
    });
    if (q.wanted()) q.add(std::move(dq));
    if (k.wanted()) k.add(std::move(dk));
    if (v.wanted()) v.add(std::move(dv));
    if (bias.wanted()) bias.add(std::move(dbias));
  }

 private:
  /// The parts of the inputs that meet in a tile.
  template <Array A>
  struct Sides {
    A q, k, v;

    Sides(const detail::QueryTile& at, const A& q_, const A& k_, const A& v_)
        : q(block(q_, at.first_query, at.col, at.queries, at.head)),
          k(block(k_, 0, at.col, rows(k_), at.head)),
          v(block(v_, 0, at.col, rows(v_), at.head)) {}
  };

  template <Array A>
  [[nodiscard]] A probabilities(const Sides<A>& side, const A& bias,
                                const detail::QueryTile& at) const {
    const Scalar<A> scale = detail::attention_scale<A>(at.head);
    return detail::softmax_of_seen(detail::kept_scores(side.q, side.k, bias, scale), scale,
                                   sees(at));
  }

  template <class M>
  void watch(const M& p, const detail::QueryTile& at) const {
    for (Index i = 0; i < at.queries; ++i) {
      const Index query = at.first_query + i;
      const Index count = seen[static_cast<std::size_t>(query)];
      detail::watch_query(*watched, p.row(i), 0, count, query, heads,
                          1.0 / static_cast<double>(count));
    }
  }
};

static_assert(Operation<AttendOnlyKept>);

}  // namespace ttt
