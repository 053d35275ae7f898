// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/entry.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <span>

namespace ttt {

/// Who of the tokens that leave the window may compete for a slot: admit(offered, n) says whether
/// offered[n] may.
///
/// \law pure  the answer does not depend on earlier ones, nor on attention to the offered
template <class P>
concept Admit = requires(const P& admit, std::span<const Entry> offered, std::size_t n) {
  { admit(offered, n) } -> std::same_as<bool>;
};

/// Who may compete for a slot.
namespace admit {

/// Everybody: who beats the weakest resident is kept.
struct Everybody {
  bool operator()(std::span<const Entry> /*offered*/, std::size_t /*n*/) const { return true; }
};

/// Nobody: a window without a cache, whatever else is chosen.
struct Nobody {
  bool operator()(std::span<const Entry> /*offered*/, std::size_t /*n*/) const { return false; }
};

/// Who has a signal of at least `Thousandths` / 1000.
template <Index Thousandths>
struct AtLeast {
  bool operator()(std::span<const Entry> offered, std::size_t n) const {
    return offered[n].signal >= static_cast<double>(Thousandths) / 1000;
  }
};

/// Who is admitted by `First`, and up to `Reach` tokens on either side, among those that are
/// offered together.
template <Admit First, Index Reach>
struct WithNeighbours {
  static_assert(Reach >= 0, "a reach cannot be negative");
  static constexpr bool wants_keep_score = detail::wants_keep_score<First>;  ///< if it does

  bool operator()(std::span<const Entry> offered, std::size_t n) const {
    constexpr auto reach = static_cast<std::size_t>(Reach);
    const std::size_t first = n - std::min(n, reach);
    const std::size_t end = std::min(offered.size(), n + reach + 1);
    for (std::size_t i = first; i < end; ++i) {
      if (First{}(offered, i)) return true;
    }
    return false;
  }
};

}  // namespace admit

static_assert(Admit<admit::Everybody> && Admit<admit::WithNeighbours<admit::AtLeast<1000>, 2>>);

}  // namespace ttt
