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
struct SoftmaxAttention {
  /// See OperationTraits.
  static constexpr OperationTraits traits{.inputs = 4 * static_cast<int>(Sources), .tangent = true};

  AttentionHeads heads;                      ///< how many, and how many of keys and values
  std::array<VisibleKeys, Sources> visible;  ///< of each source

  /// The result; shapes are checked first.
  template <Array A, class... Others>
  [[nodiscard]] A value(const A& q, const Others&... others) const {
    const std::array views{view(q), view(others)...};
    detail::expect_attention<Sources>(heads, visible, views);
    A y = zeros<A>(row_count(q), col_count(q));
    const auto out = view(y);
    detail::attend_all(detail::AttentionCall<A, Sources>(heads, visible, views), out);
    return y;
  }

  /// The tangent half of `value` by itself.
  template <Storage M, class... Others>
  [[nodiscard]] M tangent(const Dual<M>& q, const Others&... others) const {
    M y = zeros<M>(row_count(q), col_count(q));
    const Dual<View<Scalar<M>>> out{{}, view(y)};
    detail::attend_all(
        detail::AttentionCall<Dual<M>, Sources>(heads, visible, {view(q), view(others)...}), out);
    return y;
  }

  /// Adds to the cotangents of the inputs.
  template <Array A, class... Ins>
  void pullback(const A& /*y*/, const A& dy, const Ins&... in) const {
    detail::pull_all(detail::AttentionCall<A, Sources>(heads, visible, {view(in.value())...}),
                     view(dy), detail::attention_sources<Sources>(std::array{in.sum()...}));
  }
};

/// Attention to one source of keys.
using Attention = SoftmaxAttention<1>;
/// Attention to two sources of keys in one softmax.
using JointAttention = SoftmaxAttention<2>;

/// Attention of each query over the keys that it sees; `bias` may be without elements.
template <class X>
[[nodiscard]] X attend(const X& q, const X& k, const X& v, const X& bias, AttentionHeads heads,
                       VisibleKeys visible) {
  return apply(Attention{heads, {std::move(visible)}}, q, k, v, bias);
}

static_assert(Operation<Attention> && Operation<JointAttention>);

}  // namespace ttt
