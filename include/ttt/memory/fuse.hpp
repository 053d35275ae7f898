// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations/add.hpp>
#include <ttt/algebra/operations/attend.hpp>
#include <ttt/algebra/operations/attend_kept.hpp>
#include <ttt/algebra/operations/attend_only_kept.hpp>
#include <ttt/algebra/operations/heads.hpp>
#include <ttt/algebra/operations/logistic.hpp>

#include <concepts>
#include <vector>

namespace ttt {

/// What the queries of a read see of a window and of a cache, and the answers that can be had.
template <class X>
struct Sight {
  const X& near_q;                 ///< [queries, width], turned as the window's keys
  const X& near_k;                 ///< [keys, width], of the window
  const X& near_v;                 ///< [keys, width]
  const X& far_q;                  ///< [queries, width], turned as the kept keys
  const X& far_k;                  ///< [kept, width]
  const X& far_v;                  ///< [kept, width]
  const X& bias;                   ///< [kept, 1], of the kept keys, or without rows
  Index heads;                     ///< of equal width
  Index window;                    ///< keys that a query sees of the window
  const std::vector<Index>& seen;  ///< [queries], of the kept keys, the first ones
  KeptAttention* watched;          ///< is told what the kept keys receive

  /// What the window answers. \shape [queries, width]
  [[nodiscard]] X window_alone() const { return attend(near_q, near_k, near_v, heads, window); }

  /// What the cache answers; zero to a query that sees nothing of it. \shape [queries, width]
  [[nodiscard]] X cache_alone() const {
    const AttendOnlyKept op{.heads = heads, .seen = seen, .watched = watched};
    return apply(op, far_q, far_k, far_v, bias);
  }

  /// What they answer in one softmax. \shape [queries, width]
  [[nodiscard]] X both() const {
    const AttendKept op{.heads = heads, .window = window, .seen = seen, .watched = watched};
    return apply(op, near_q, near_k, near_v, far_q, far_k, far_v, bias);
  }
};

/// How the answers of window and cache become one: fuse(sight, gate) is what the queries are told.
/// `gated` says whether the model learns a gate for it; if not, `gate` is without rows.
///
/// \shape  gate [1, 1] -> [queries, width]
/// \law    window    where a query sees nothing kept, equals what the window answers
/// \law    sight     a query's answer depends, bit for bit, on the kept that it sees and no others
template <class F>
concept Fuse = requires(const F& fuse, const Sight<Matrix<float>>& sight,
                        const Matrix<float>& gate) {
  { F::gated } -> std::convertible_to<bool>;
  { fuse(sight, gate) } -> std::same_as<Matrix<float>>;
};

/// How the answers of window and cache become one.
namespace fuse {

/// One softmax over both: what is kept competes with the window.
struct OneSoftmax {
  static constexpr bool gated = false;

  template <class X, class Gate>
  X operator()(const Sight<X>& sight, const Gate& /*gate*/) const {
    return sight.both();
  }
};

/// A softmax over each; the cache's answer is let through a gate and added.
///
///   y = window + cache / (1 + exp(-gate))
///
/// \source arXiv:2603.06642, second version, and its code, for one gate a layer that begins nearly
///         shut. Theirs is a number between bounds, beyond which it learns no more; ours the
///         logistic of one that has none.
struct Gated {
  static constexpr bool gated = true;

  template <class X, class Gate>
  X operator()(const Sight<X>& sight, const Gate& gate) const {
    return add(sight.window_alone(), scale_heads(sight.cache_alone(), logistic(gate)));
  }
};

}  // namespace fuse

static_assert(Fuse<fuse::OneSoftmax> && Fuse<fuse::Gated>);

}  // namespace ttt
