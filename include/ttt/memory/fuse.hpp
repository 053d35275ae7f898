// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations.hpp>
#include <ttt/algebra/operations/attend_received.hpp>

#include <concepts>
#include <utility>

namespace ttt {

/// What attention to a window and a cache answered.
template <class X>
struct Answer {
  X rows;               ///< [queries, heads * head]
  X received;           ///< [3, cached], what the cached keys received; see ReceivedAttention
  X window_received{};  ///< [3, keys], what the window's keys received, if it is wanted
};

/// The queries of a read and the keys of a window and a cache, and the answers that can be had.
template <class X>
struct AttentionInputs {
  const X& window_q;                  ///< [queries, heads * head], turned as the window's keys
  const X& window_k;                  ///< [keys, kv_heads * head]
  const X& window_v;                  ///< [keys, kv_heads * head]
  const X& cache_q;                   ///< [queries, heads * head], turned as the cached keys
  const X& cache_k;                   ///< [cached, kv_heads * head]
  const X& cache_v;                   ///< [cached, kv_heads * head]
  const X& bias;                      ///< [cached, ...], added to the logits, or without rows
  AttentionHeads heads;               ///< of queries, and of keys and values
  const VisibleKeys& window_visible;  ///< keys of the window that each query sees
  const VisibleKeys& cache_visible;   ///< cached keys that each query sees
  bool window_reported = false;       ///< whether `window_received` is wanted

  /// What the window answers.
  [[nodiscard]] Answer<X> window_alone() const {
    if (!window_reported) {
      return {attend(window_q, window_k, window_v, X{}, heads, window_visible), X{}};
    }
    const ReceivedAttention<1> op{heads, {window_visible}};
    auto [rows, received] = apply(op, window_q, window_k, window_v, X{});
    return {std::move(rows), X{}, std::move(received)};
  }

  /// What the cache answers; zero to a query that sees nothing of it.
  [[nodiscard]] Answer<X> cache_alone() const {
    const ReceivedAttention<1> op{heads, {cache_visible}};
    auto [rows, received] = apply(op, cache_q, cache_k, cache_v, bias);
    return {std::move(rows), std::move(received)};
  }

  /// What they answer in one softmax.
  [[nodiscard]] Answer<X> joint_softmax() const {
    const ReceivedAttention<2> op{heads, {window_visible, cache_visible}, {window_reported, true}};
    auto [rows, window_received, received] =
        apply(op, window_q, window_k, window_v, X{}, cache_q, cache_k, cache_v, bias);
    return {std::move(rows), std::move(received), std::move(window_received)};
  }
};

/// How the answers of window and cache become one: fuse(inputs, gate). `gated` says whether the
/// model learns a gate for it; if not, `gate` is without rows.
///
/// \shape  gate [1, 1]
/// \law    window    where a query sees nothing cached, equals what the window answers
/// \law    sight     an answer depends, bit for bit, on the cached keys that the query sees alone
template <class F>
concept Fuse = requires(const F& fuse, const AttentionInputs<detail::Archetype>& inputs,
                        const detail::Archetype& gate) {
  { F::gated } -> std::convertible_to<bool>;
  { fuse(inputs, gate) } -> std::same_as<Answer<detail::Archetype>>;
};

/// How the answers of window and cache become one.
namespace fuse {

/// One softmax over both: cached keys compete with the window's.
struct OneSoftmax {
  static constexpr bool gated = false;  ///< no gate

  /// The answer of window and cache.
  template <class X, class Gate>
  Answer<X> operator()(const AttentionInputs<X>& inputs, const Gate& /*gate*/) const {
    return inputs.joint_softmax();
  }
};

/// A softmax over each; the cache's answer is multiplied by a gate and added.
///
///   y = window + cache / (1 + exp(-gate))
///
/// \source arXiv:2603.06642, second version, and its code, for one gate a layer that begins nearly
///         closed. Theirs is a number between bounds, beyond which it learns no more; ours the
///         sigmoid of one that has none.
struct Gated {
  static constexpr bool gated = true;  ///< one number

  /// The answer of window and cache.
  template <class X, class Gate>
  Answer<X> operator()(const AttentionInputs<X>& inputs, const Gate& gate) const {
    Answer<X> window = inputs.window_alone();
    Answer<X> cache = inputs.cache_alone();
    return {add(window.rows, scale_heads(cache.rows, sigmoid(gate))), std::move(cache.received),
            std::move(window.window_received)};
  }
};

}  // namespace fuse

static_assert(Fuse<fuse::OneSoftmax> && Fuse<fuse::Gated>);

}  // namespace ttt
