// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations/rows.hpp>
#include <ttt/algebra/tree.hpp>
#include <ttt/memory/entry.hpp>
#include <ttt/memory/evict.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace ttt {

/// An entry that counts how often others came after it.
struct AgedEntry : Entry {
  Index age = 0;        ///< insertions since its own
  bool forced = false;  ///< whether the caller asked for it, flagged or not
};

/// Who leaves a residual cache first; every policy of a Cache is one too.
template <class P>
concept EvictAged = requires(const P& evict, const AgedEntry& a, const AgedEntry& b) {
  { evict(a, b) } -> std::same_as<bool>;
};

namespace evict {

/// Who surprised least for its age: by surprisal / (1 + age).
///
/// \source arXiv:2603.06642, second version, and its code
struct LeastSurprisingForAge {
  /// See EvictAged.
  bool operator()(const AgedEntry& a, const AgedEntry& b) const {
    return priority(a) < priority(b);
  }

 private:
  static double priority(const AgedEntry& e) {
    return e.surprisal / (1 + static_cast<double>(e.age));
  }
};

}  // namespace evict

/// What one insertion did to a residual cache.
struct Insertion {
  Index inserted = 0;    ///< tokens that came in
  Index evicted = 0;     ///< tokens that left for them
  bool emptied = false;  ///< whether that was all of them
};

/// The hidden states of tokens that surprised, exactly: a cache in which newcomers displace
/// residents and never compete with them.
///
/// What comes in together counts as one insertion, and every insertion makes the residents older by
/// one. If there is no room, as many residents leave as are in the way, the first in `Order` first;
/// if that is all of them, the first newcomers are taken and the others lost.
///
/// \law size   never more than `slots` tokens, whatever is inserted
/// \law order  residents keep their order, newcomers stand behind them in theirs
/// \source arXiv:2603.06642, second version, and its code
template <EvictAged Order = evict::LeastSurprisingForAge>
struct ResidualCache {
  /// What is kept.
  template <class A>
  struct State {
    A hidden;                  ///< [kept, width]
    Notes<AgedEntry> entries;  ///< [kept]

    static void visit(auto&& on, auto&... trees) {
      on("hidden", trees.hidden...);
      on("entries", trees.entries...);
    }
  };

  /// Inserts tokens; without any, nothing changes and nobody grows older.
  ///
  /// \shape  hidden [newcomers, width]
  /// \cost   O(slots log slots + newcomers), besides copying what is kept
  template <class X>
  static Insertion insert(State<X>& state, const X& hidden, std::span<const AgedEntry> newcomers,
                          Index slots) {
    if (newcomers.empty()) return {};
    const Index residents = std::ssize(state.entries);
    const Index displaced = std::max<Index>(0, residents + std::ssize(newcomers) - slots);
    for (AgedEntry& entry : state.entries) ++entry.age;
    if (displaced > 0 && displaced >= residents) {
      const Index taken = std::min(slots, std::ssize(newcomers));
      state.hidden = take_rows(hidden, 0, taken);
      state.entries.assign(newcomers.begin(), newcomers.begin() + taken);
      return {.inserted = taken, .evicted = residents, .emptied = true};
    }
    if (displaced > 0) keep(state, who_stays(state.entries, displaced));
    state.hidden = append_rows(std::move(state.hidden), hidden);
    state.entries.insert(state.entries.end(), newcomers.begin(), newcomers.end());
    return {.inserted = std::ssize(newcomers), .evicted = displaced};
  }

 private:
  /// The numbers of those who stay when `leaving` leave, in their order.
  [[nodiscard]] static std::vector<Index> who_stays(const std::vector<AgedEntry>& entries,
                                                    Index leaving) {
    std::vector<Index> numbers(entries.size());
    std::iota(numbers.begin(), numbers.end(), Index{0});
    std::ranges::stable_sort(numbers, [&](Index a, Index b) {
      return Order{}(entries[static_cast<std::size_t>(a)], entries[static_cast<std::size_t>(b)]);
    });
    numbers.erase(numbers.begin(), numbers.begin() + leaving);
    std::ranges::sort(numbers);
    return numbers;
  }

  template <class X>
  static void keep(State<X>& state, const std::vector<Index>& staying) {
    Notes<AgedEntry> entries;
    for (const Index n : staying) entries.push_back(state.entries[static_cast<std::size_t>(n)]);
    state.hidden = choose_rows(state.hidden, staying);
    state.entries = std::move(entries);
  }
};

/// The share of some positions that a cache has: whether what is asked for is there at all.
///
/// \pre positions is not empty
[[nodiscard]] inline double containment(std::span<const AgedEntry> entries,
                                        std::span<const Index> positions) {
  const auto found = std::ranges::count_if(positions, [&](Index position) {
    return std::ranges::find(entries, position, &AgedEntry::position) != entries.end();
  });
  return static_cast<double>(found) / static_cast<double>(positions.size());
}

static_assert(EvictAged<evict::LeastSurprisingForAge> && EvictAged<evict::Oldest>);

}  // namespace ttt
