// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations/attend_tile.hpp>

#include <array>
#include <cstddef>
#include <utility>

namespace ttt {

/// Softmax attention, head by head, over the keys that each query sees: a window, a cache and a
/// whole text are settings of it.
///
///   p_i = softmax over visible j of (q_i k_j / sqrt(head) + bias_j),    y_i = sum_j p_ij v_j
///
/// Keys come from one source or two, each with queries of its own, and share one softmax. A query
/// that sees none gets zeros. With fewer key/value heads than heads, neighbouring heads share one.
/// Work goes by tiles of queries against the keys that they can see; nothing of [queries, keys]
/// outlives a tile.
///
/// \shape  for each source: q [queries, heads * head], k and v [keys, kv_heads * head], bias
///         [keys, 1] or without elements -> the shape of q
/// \throws ShapeError if a shape is another; RangeError if a query sees a key that is not there.
/// \cost   O(queries * visible keys * heads * head); the pullback 2.5 times that
/// \source Vaswani et al. 2017, "Attention Is All You Need", arXiv:1706.03762; Ainslie et al. 2023,
///         "GQA", arXiv:2305.13245, for shared key/value heads
template <std::size_t Sources>
struct Attend_ {
  static constexpr OperationTraits traits{.inputs = 4 * static_cast<int>(Sources),
                                          .tangent = Sources == 1};

  AttentionHeads heads;                       ///< how many, and how many of keys and values
  std::array<VisibleKeys, Sources> visible;   ///< of each source

  template <Array A, class... Others>
  [[nodiscard]] A value(const A& first, const Others&... others) const {
    const auto sources = detail::attention_sources<Sources>(std::array{view(first), view(others)...});
    detail::expect_attention<A>(heads, visible, sources);
    const auto& q = value_of(sources[0].q);
    A y = zeros<A>(q.rows, q.cols);
    const auto out = view(y);
    detail::for_each_tile(heads, visible, sources, [&](const auto& tile) {
      const A p = tile.template probabilities<A>();
      tile.template add_values<A>(out, p);
    });
    return y;
  }

  /// The tangent half of `value` by itself.
  template <Storage M, class... Others>
  [[nodiscard]] M tangent(const Dual<M>& first, const Others&... others) const {
    const auto sources = detail::attention_sources<Sources>(std::array{view(first), view(others)...});
    M y = zeros<M>(row_count(first), col_count(first));
    const Dual<View<Scalar<M>>> out{{}, view(y)};
    detail::for_each_tile(heads, visible, sources, [&](const auto& tile) {
      const Dual<M> p = tile.template probabilities<Dual<M>>();
      tile.template add_values<Dual<M>>(out, p);
    });
    return y;
  }

  template <Array A, class... Ins>
  void pullback(const A& /*y*/, const A& dy, const Ins&... in) const {
    const auto sources = detail::attention_sources<Sources>(std::array{view(in.value())...});
    const auto sums = detail::attention_sources<Sources>(std::array{in.sum()...});
    detail::for_each_tile(heads, visible, sources, [&](const auto& tile) {
      tile.template pull<A>(view(dy), sums);
    });
  }
};

/// Attention to one source of keys.
using Attention = Attend_<1>;
/// Attention to two sources of keys in one softmax.
using JointAttention = Attend_<2>;

/// Attention of each query over the keys that it sees; without bias.
template <class X>
[[nodiscard]] X attend(const X& q, const X& k, const X& v, const X& bias, AttentionHeads heads,
                       VisibleKeys visible) {
  return apply(Attention{heads, {std::move(visible)}}, q, k, v, bias);
}

static_assert(Operation<Attention> && Operation<JointAttention>);

}  // namespace ttt
