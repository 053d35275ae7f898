// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations/attend.hpp>

#include <array>
#include <cstddef>
#include <utility>

namespace ttt {

/// Softmax attention that also returns what the keys of the last source received: row 0 is the
/// attention, mean over heads and sum over queries; row 1 is one more than the last query that gave
/// a key more than an equal share, or 0. No derivative is taken of it.
///
/// \shape  as Attention -> the shape of q, [2, keys of the last source]
/// \throws as Attention
template <std::size_t Sources>
struct ReceivedAttention {
  /// See OperationTraits.
  static constexpr OperationTraits traits{.inputs = 4 * static_cast<int>(Sources), .tangent = true};

  AttentionHeads heads;                      ///< as of Attention
  std::array<VisibleKeys, Sources> visible;  ///< of each source

  /// The result; shapes are checked first.
  template <Array A, class... Others>
  [[nodiscard]] std::array<A, 2> value(const A& first, const Others&... others) const {
    using M = StorageOf<A>;
    const std::array views{view(first), view(others)...};
    detail::expect_attention<Sources>(heads, visible, views);
    A y = zeros<A>(row_count(first), col_count(first));
    const auto out = view(y);
    M received = filled<M>(2, row_count(views[4 * Sources - 3]), 0);
    const auto sums = view(received);
    const detail::AttentionCall<A, Sources> call(heads, visible, views);
    detail::for_each_tile(call, detail::Heads::together, [&](const auto& tile) {
      const A p = tile.probabilities();
      tile.add_values(out, p);
      tile.add_received(sums, p);
    });
    if constexpr (Storage<A>) {
      return {std::move(y), std::move(received)};
    } else {
      return {std::move(y), A{std::move(received), {}}};
    }
  }

  /// The tangent half of the first result by itself; the other has none.
  template <Storage M, class... Others>
  [[nodiscard]] std::array<M, 2> tangent(const Dual<M>& first, const Others&... others) const {
    return {SoftmaxAttention<Sources>{heads, visible}.tangent(first, others...), M{}};
  }

  /// Adds to the cotangents of the inputs.
  template <Array A, class... Ins>
  void pullback(const std::array<const A*, 2>& y, const std::array<const A*, 2>& dy,
                const Ins&... in) const {
    if (row_count(*dy[0]) > 0)
      SoftmaxAttention<Sources>{heads, visible}.pullback(*y[0], *dy[0], in...);
  }
};

static_assert(Operation<ReceivedAttention<1>> && Operation<ReceivedAttention<2>>);

}  // namespace ttt
