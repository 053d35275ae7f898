// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations/attend.hpp>

#include <array>
#include <cstddef>
#include <utility>

namespace ttt {

namespace detail {

/// What the keys of one source receive of a tile's attention.
template <std::size_t Sources>
struct ReceivedOf : SoftmaxOfVisible<Sources> {
  double heads;

  template <class Row, class Mass, class Last, class P, class Integers>
  TTT_HD void operator()(const Row& row, const Mass& mass, const Last& last, const P& p,
                         const Integers& first, const Integers& count) const {
    using S = Scalar<decltype(p.at(0))>;
    Index visible = 0;
    this->each_range(row, first, count,
                     [&](std::size_t /*n*/, Index /*begin*/, Index seen) { visible += seen; });
    const S equal = S(1) / static_cast<S>(visible);
    const S reader = static_cast<S>(this->first_query + row.index + 1);
    this->each_range(row, first, count, [&](std::size_t n, Index begin, Index seen) {
      if (n + 1 < Sources) return;
      row.each(begin, seen, [&](auto i) {
        const auto own = i + -this->columns[n].offset;
        const auto share = value_of(p[i]);
        mass.add(own, share * (S(1) / static_cast<S>(heads)));
        const auto before = last[own];
        const auto later = where_positive(before - reader, before, before * S(0) + reader);
        last.set(own, where_positive(share - equal, later, before));
      });
    });
  }
};

}  // namespace detail

/// Softmax attention that also returns what the keys of the last source received: row 0 is the
/// attention, mean over heads and sum over queries; row 1 is one more than the last query that gave
/// a key more than an equal share, or 0. No derivative is taken of it.
///
/// \shape  as Attention -> the shape of q, [2, keys of the last source]
/// \throws as Attention
template <std::size_t Sources>
struct ReceivedAttention {
  static constexpr OperationTraits traits{.inputs = 4 * static_cast<int>(Sources)};

  AttentionHeads heads;                      ///< as of Attention
  std::array<VisibleKeys, Sources> visible;  ///< of each source

  template <Array A, class... Others>
  [[nodiscard]] std::array<A, 2> value(const A& first, const Others&... others) const {
    using M = StorageOf<A>;
    const auto sources = detail::attention_sources<Sources>(std::array{view(first), view(others)...});
    detail::expect_attention<A>(heads, visible, sources);
    A y = zeros<A>(row_count(first), col_count(first));
    const auto out = view(y);
    M received = filled<M>(2, value_of(sources[Sources - 1].k).rows, 0);
    const auto sums = view(received);
    detail::for_each_tile(heads, visible, sources, [&](const auto& tile) {
      const A p = tile.template probabilities<A>();
      tile.template add_values<A>(out, p);
      tile.template add_received<M>(sums, view(value_of(p)));
    });
    if constexpr (Storage<A>) {
      return {std::move(y), std::move(received)};
    } else {
      return {std::move(y), A{std::move(received), {}}};
    }
  }

  template <Array A, class... Ins>
  void pullback(const std::array<const A*, 2>& y, const std::array<const A*, 2>& dy,
                const Ins&... in) const {
    if (row_count(*dy[0]) > 0) Attend_<Sources>{heads, visible}.pullback(*y[0], *dy[0], in...);
  }
};

static_assert(Operation<ReceivedAttention<1>> && Operation<ReceivedAttention<2>>);

}  // namespace ttt
