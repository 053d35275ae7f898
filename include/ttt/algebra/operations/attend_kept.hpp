// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations/attend.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

namespace ttt {

/// How much attention each kept key received in one evaluation.
struct KeptAttention {
  std::vector<double> mass;  ///< [kept], the mean over heads, summed over queries
  std::vector<Index> last;  ///< [kept], the last query that gave it more than an equal share; or -1
};

namespace detail {

inline void begin_to_watch(KeptAttention* watched, Index kept) {
  if (watched == nullptr) return;
  watched->mass.assign(static_cast<std::size_t>(kept), 0);
  watched->last.assign(static_cast<std::size_t>(kept), -1);
}

/// Notes what a query of one of `heads` heads gave to the kept keys, whose shares are those from
/// `first` on; an equal share is `equal`.
template <class Row>
void watch_query(KeptAttention& watched, const Row& shares, Index first, Index seen, Index query,
                 Index heads, double equal) {
  for (Index j = 0; j < seen; ++j) {
    const auto share = static_cast<double>(shares(first + j));
    const auto n = static_cast<std::size_t>(j);
    watched.mass[n] += share / static_cast<double>(heads);
    if (share > equal) watched.last[n] = std::max(watched.last[n], query);
  }
}

/// What queries of a head make of kept keys: q_i k_j + bias_j / scale.
template <Array A>
[[nodiscard]] A kept_scores(const A& q, const A& k, const A& bias, Scalar<A> scale) {
  A scores = product<A>(q, transposed(k));
  if (rows(bias) == 0) return scores;
  return linear(
      [&]<class M>(const M& m, const M& column) -> M {
        return m.rowwise() + column.transpose().row(0) / scale;
      },
      scores, bias);
}

/// The cotangent of the bias, given that of the scores.
template <Array A>
[[nodiscard]] A bias_cotangent(const A& ds, Scalar<A> scale) {
  return linear([&]<class M>(const M& m) -> M { return m.colwise().sum().transpose() / scale; },
                ds);
}

/// Throws unless each of `queries` sees no more than is kept.
inline void expect_seen(const std::string& operation, const std::vector<Index>& seen, Index queries,
                        Index kept) {
  if (std::ssize(seen) != queries) {
    throw ShapeError(operation + ": seen must be [" + std::to_string(queries) + "], got [" +
                     std::to_string(seen.size()) + ']');
  }
  for (const Index count : seen) {
    if (count < 0 || count > kept) {
      throw RangeError(operation + ": seen must be in 0.." + std::to_string(kept) + ", got " +
                       std::to_string(count));
    }
  }
}

}  // namespace detail

/// Attention to a window and, in the same softmax, to kept keys.
///
///   p_i = softmax(q_i k_j / sqrt(head) for i - window < j <= i,
///                 far_q_i kept_k_j / sqrt(head) + bias_j for j < seen_i)
///   y_i = sum_j p_ij v_j over both
///
/// \shape  q, far_q [queries, heads * head], k, v [keys, heads * head], kept_k, kept_v
///         [kept, heads * head], bias [kept, 1] or without elements -> the shape of q
/// \law    none seen   where no query sees a kept key, equals AttendWindow
/// \throws ShapeError if a shape is another; RangeError if a query sees more than is kept.
/// \cost   O(queries * (min(window, keys) + kept) * width); the pullback 2.5 times that
struct AttendKept {
  static constexpr bool remembers = true;

  Index heads;                       ///< of equal width
  Index window;                      ///< keys that a query sees, its own included
  std::vector<Index> seen;           ///< [queries], of the kept keys, the first ones
  KeptAttention* watched = nullptr;  ///< is told what `value` attends to, if not null

 private:
  [[nodiscard]] auto sees(const detail::WindowTile& at) const {
    return [this, &at](Index query) {
      return std::array{
          at.seen(query),
          detail::Seen{at.keys, seen[static_cast<std::size_t>(at.first_query + query)]}};
    };
  }

 public:
  template <Array A>
  [[nodiscard]] A value(const A& q, const A& k, const A& v, const A& far_q, const A& kept_k,
                        const A& kept_v, const A& bias) const {
    expect_shapes(q, k, v, far_q, kept_k, kept_v, bias);
    detail::begin_to_watch(watched, rows(kept_k));
    A y = zeros<A>(rows(q), cols(q));
    detail::for_each_window_tile(q, k, heads, window, [&](const detail::WindowTile& at) {
      const Sides<A> side(at, q, k, v, far_q, kept_k, kept_v);
      const A p = probabilities(side, bias, at);
      if (watched != nullptr) watch(value_of(p), at);
      add_block(y, at.first_query, at.col, product<A>(near(p, at), side.v));
      add_block(y, at.first_query, at.col, product<A>(far(p, at), side.kept_v));
    });
    return y;
  }

  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& q, const Input<A>& k,
                const Input<A>& v, const Input<A>& far_q, const Input<A>& kept_k,
                const Input<A>& kept_v, const Input<A>& bias) const {
    const std::array inputs{&q, &k, &v, &far_q, &kept_k, &kept_v, &bias};
    std::array<A, 7> sums;
    for (std::size_t n = 0; n < inputs.size(); ++n) {
      sums[n] = zeros<A>(rows(inputs[n]->value()), cols(inputs[n]->value()));
    }
    auto& [dq, dk, dv, dfar_q, dkept_k, dkept_v, dbias] = sums;
    detail::for_each_window_tile(
        q.value(), k.value(), heads, window, [&](const detail::WindowTile& at) {
          const Sides<A> side(at, q.value(), k.value(), v.value(), far_q.value(), kept_k.value(),
                              kept_v.value());
          const A g = block(dy, at.first_query, at.col, at.queries, at.head);
          const A p = probabilities(side, bias.value(), at);
          const A dp =
              beside(product<A>(g, transposed(side.v)), product<A>(g, transposed(side.kept_v)));
          const Scalar<A> scale = detail::attention_scale<A>(at.head);
          const A ds = detail::score_cotangent(p, dp, scale, sees(at));
          const A near_p = near(p, at);
          const A near_ds = near(ds, at);
          const A far_p = far(p, at);
          const A far_ds = far(ds, at);
          add_block(dv, at.first_key, at.col, v.part(transposed(near_p), g));
          add_block(dq, at.first_query, at.col, q.part(near_ds, side.k));
          add_block(dk, at.first_key, at.col, k.part(transposed(near_ds), side.q));
          add_block(dkept_v, 0, at.col, kept_v.part(transposed(far_p), g));
          add_block(dfar_q, at.first_query, at.col, far_q.part(far_ds, side.kept_k));
          add_block(dkept_k, 0, at.col, kept_k.part(transposed(far_ds), side.far_q));
          if (rows(dbias) > 0) add_block(dbias, 0, 0, detail::bias_cotangent(far_ds, scale));
        });
    for (std::size_t n = 0; n < inputs.size(); ++n) {
      if (inputs[n]->wanted()) inputs[n]->add(std::move(sums[n]));
    }
  }

 private:
  /// The parts of the inputs that meet in a tile.
  template <Array A>
  struct Sides {
    A q, k, v, far_q, kept_k, kept_v;

    Sides(const detail::WindowTile& at, const A& q_, const A& k_, const A& v_, const A& far_q_,
          const A& kept_k_, const A& kept_v_)
        : q(block(q_, at.first_query, at.col, at.queries, at.head)),
          k(block(k_, at.first_key, at.col, at.keys, at.head)),
          v(block(v_, at.first_key, at.col, at.keys, at.head)),
          far_q(block(far_q_, at.first_query, at.col, at.queries, at.head)),
          kept_k(block(kept_k_, 0, at.col, rows(kept_k_), at.head)),
          kept_v(block(kept_v_, 0, at.col, rows(kept_v_), at.head)) {}
  };

  template <Array A>
  void expect_shapes(const A& q, const A& k, const A& v, const A& far_q, const A& kept_k,
                     const A& kept_v, const A& bias) const {
    expect_shape("attend_kept", "k", value_of(k), {any, cols(q)});
    expect_shape("attend_kept", "v", value_of(v), {rows(k), cols(q)});
    if (rows(k) < rows(q)) expect_shape("attend_kept", "k", value_of(k), {rows(q), cols(q)});
    expect_shape("attend_kept", "far_q", value_of(far_q), {rows(q), cols(q)});
    expect_shape("attend_kept", "kept_k", value_of(kept_k), {any, cols(q)});
    expect_shape("attend_kept", "kept_v", value_of(kept_v), {rows(kept_k), cols(q)});
    if (rows(bias) > 0) expect_shape("attend_kept", "bias", value_of(bias), {rows(kept_k), 1});
    detail::expect_seen("attend_kept", seen, rows(q), rows(kept_k));
  }

  /// A tile's columns are the window's keys, then the kept ones.
  template <Array A>
  static A near(const A& tile, const detail::WindowTile& at) {
    return block(tile, 0, 0, at.queries, at.keys);
  }
  template <Array A>
  static A far(const A& tile, const detail::WindowTile& at) {
    return block(tile, 0, at.keys, at.queries, cols(tile) - at.keys);
  }
  template <Array A>
  static A beside(const A& near, const A& far) {
    A both = zeros<A>(rows(near), cols(near) + cols(far));
    add_block(both, 0, 0, near);
    add_block(both, 0, cols(near), far);
    return both;
  }

  template <Array A>
  [[nodiscard]] A probabilities(const Sides<A>& side, const A& bias,
                                const detail::WindowTile& at) const {
    const Scalar<A> scale = detail::attention_scale<A>(at.head);
    const A far_scores = detail::kept_scores(side.far_q, side.kept_k, bias, scale);
    const A scores = beside(product<A>(side.q, transposed(side.k)), far_scores);
    return detail::softmax_of_seen(scores, scale, sees(at));
  }

  template <class M>
  void watch(const M& p, const detail::WindowTile& at) const {
    for (Index i = 0; i < at.queries; ++i) {
      const Index query = at.first_query + i;
      const Index count = seen[static_cast<std::size_t>(query)];
      const double equal = 1.0 / static_cast<double>(count + at.seen(i).count);
      detail::watch_query(*watched, p.row(i), at.keys, count, query, heads, equal);
    }
  }
};

static_assert(Operation<AttendKept>);

}  // namespace ttt
