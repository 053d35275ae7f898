// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations/attend.hpp>

#include <array>
#include <cstddef>
#include <utility>

namespace ttt {

/// Softmax attention that also returns what the keys of each source received: row 0 is the
/// attention, mean over heads and sum over queries; row 1 is one more than the last query that gave
/// a key more than an equal share, or 0; row 2 is the attention of the last query, mean over heads.
/// No derivative is taken of it.
///
/// \shape  as Attention -> the shape of q; for each source [3, keys], or without elements where
///         `reported` says so
/// \throws as Attention
template <std::size_t Sources>
struct ReceivedAttention {
  /// See OperationTraits.
  static constexpr OperationTraits traits{.inputs = 4 * static_cast<int>(Sources), .tangent = true};

  AttentionHeads heads;                      ///< as of Attention
  std::array<VisibleKeys, Sources> visible;  ///< of each source
  /// Whether it is said what the keys of a source received.
  std::array<bool, Sources> reported = every_source();

  /// The result; shapes are checked first.
  template <Array A, class... Others>
  [[nodiscard]] std::array<A, 1 + Sources> value(const A& first, const Others&... others) const {
    const std::array views{view(first), view(others)...};
    detail::expect_attention<Sources>(heads, visible, views);
    std::array<A, 1 + Sources> results;
    results[0] = zeros<A>(row_count(first), col_count(first));
    for (std::size_t n = 0; n < Sources; ++n) {
      if (reported[n]) put_zeros(results[n + 1], row_count(views[4 * n + 1]));
    }
    const auto out = view(results[0]);
    const detail::AttentionCall<A, Sources> call(heads, visible, views);
    detail::for_each_tile(call, detail::Heads::together, [&](const auto& tile) {
      const A p = tile.probabilities();
      tile.add_values(out, p);
      for (std::size_t n = 0; n < Sources; ++n) {
        if (reported[n]) tile.add_received(view(value_half(results[n + 1])), n, p);
      }
    });
    return results;
  }

  /// The tangent half of the first result by itself; the others have none.
  template <Storage M, class... Others>
  [[nodiscard]] std::array<M, 1 + Sources> tangent(const Dual<M>& first,
                                                   const Others&... others) const {
    return {SoftmaxAttention<Sources>{heads, visible}.tangent(first, others...)};
  }

  /// Adds to the cotangents of the inputs.
  template <Array A, class... Ins>
  void pullback(const std::array<const A*, 1 + Sources>& y,
                const std::array<const A*, 1 + Sources>& dy, const Ins&... in) const {
    if (row_count(*dy[0]) > 0)
      SoftmaxAttention<Sources>{heads, visible}.pullback(*y[0], *dy[0], in...);
  }

 private:
  static constexpr std::array<bool, Sources> every_source() {
    std::array<bool, Sources> all{};
    all.fill(true);
    return all;
  }
  template <Storage M>
  static M& value_half(M& a) {
    return a;
  }
  template <Storage M>
  static M& value_half(Dual<M>& a) {
    return a.value;
  }
  template <Array A>
  static void put_zeros(A& received, Index keys) {
    value_half(received) = filled<StorageOf<A>>(3, keys, 0);
  }
};

static_assert(Operation<ReceivedAttention<1>> && Operation<ReceivedAttention<2>>);

}  // namespace ttt
