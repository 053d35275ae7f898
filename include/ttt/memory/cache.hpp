// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations/rows.hpp>
#include <ttt/algebra/tree.hpp>
#include <ttt/memory/admit.hpp>
#include <ttt/memory/entry.hpp>
#include <ttt/memory/evict.hpp>
#include <ttt/memory/fuse.hpp>
#include <ttt/memory/place.hpp>
#include <ttt/memory/signal.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace ttt {

namespace detail {

/// The first of the policies of a kind, or the default.
template <template <class> class IsKind, class Default, class... Policies>
struct Chosen : std::type_identity<Default> {};
template <template <class> class IsKind, class Default, class First, class... Others>
struct Chosen<IsKind, Default, First, Others...>
    : std::conditional_t<IsKind<First>::value, std::type_identity<First>,
                         Chosen<IsKind, Default, Others...>> {};

template <class P>
using IsSignal = std::bool_constant<Signal<P>>;
template <class P>
using IsAdmit = std::bool_constant<Admit<P>>;
template <class P>
using IsEvict = std::bool_constant<Evict<P>>;
template <class P>
using IsPlace = std::bool_constant<Place<P>>;
template <class P>
using IsFuse = std::bool_constant<Fuse<P>>;

[[nodiscard]] inline bool is_pinned(const Entry& entry, std::span<const Index> pinned) {
  return std::ranges::find(pinned, entry.position) != pinned.end();
}

/// Which of `all`, residents and newcomers in the order of the text, stay where there is room for
/// `room`: their numbers, in that order. Whoever stands at a pinned position stays before others.
///
/// \cost  O(all (1 + pinned))
template <Evict Order>
[[nodiscard]] std::vector<Index> who_stays(const std::vector<Entry>& all, Index room,
                                           std::span<const Index> pinned, const Order& leaves) {
  std::vector<Index> numbers(all.size());
  std::iota(numbers.begin(), numbers.end(), Index{0});
  if (std::ssize(all) <= room) return numbers;
  const auto leaves_before = [&](Index x, Index y) {
    const Entry& a = all[static_cast<std::size_t>(x)];
    const Entry& b = all[static_cast<std::size_t>(y)];
    if (const bool last = is_pinned(a, pinned); last != is_pinned(b, pinned)) return !last;
    if (leaves(a, b)) return true;
    return !leaves(b, a) && a.position < b.position;
  };
  std::vector<Index> leaving = numbers;
  const auto first_to_stay = leaving.begin() + (std::ssize(all) - room);
  std::ranges::nth_element(leaving, first_to_stay, leaves_before);
  leaving.erase(first_to_stay, leaving.end());
  for (const Index number : leaving) numbers[static_cast<std::size_t>(number)] = -1;
  std::erase(numbers, -1);
  return numbers;
}

}  // namespace detail

/// Keys and values of tokens that have left the window, exactly: of those that asked most to be
/// kept, `Slots` at most. What the words mean is said by policies, in any order, each a type of its
/// own kind:
///
///   Signal  how strongly a token asks             default: signal::Surprisal
///   Admit   who may compete                       default: admit::Everybody
///   Evict   who leaves a full cache first         default: evict::WeakestSignal
///   Place   where the kept stand for the queries  default: place::Rank
///   Fuse    how they and the window answer        default: fuse::OneSoftmax
///
/// Keys are kept un-rotated. Keys, values and keep scores carry cotangents back to the chunks that
/// made them; who is kept is a constant.
///
/// \law size    never more than `Slots` tokens, whatever is offered
/// \law order   kept tokens stand in the order of the text
template <Index Slots, class... Policies>
struct Cache {
  static_assert(Slots > 0, "a cache must have a slot");
  static_assert((... && (Signal<Policies> || Admit<Policies> || Evict<Policies> ||
                         Place<Policies> || Fuse<Policies>)),
                "a policy of a cache must be a Signal, an Admit, an Evict, a Place or a Fuse");
  static_assert((0 + ... + Signal<Policies>) <= 1 && (0 + ... + Admit<Policies>) <= 1 &&
                    (0 + ... + Evict<Policies>) <= 1 && (0 + ... + Place<Policies>) <= 1 &&
                    (0 + ... + Fuse<Policies>) <= 1,
                "a cache must have one policy of a kind");

  static constexpr Index slots = Slots;  ///< tokens kept at most
  /// How strongly a token asks.
  using SignalPolicy =
      typename detail::Chosen<detail::IsSignal, signal::Surprisal, Policies...>::type;
  /// Who may compete.
  using AdmitPolicy = typename detail::Chosen<detail::IsAdmit, admit::Everybody, Policies...>::type;
  /// Who leaves first.
  using EvictPolicy =
      typename detail::Chosen<detail::IsEvict, evict::WeakestSignal, Policies...>::type;
  /// Where the kept stand.
  using PlacePolicy = typename detail::Chosen<detail::IsPlace, place::Rank, Policies...>::type;
  /// How the answers of cache and window become one.
  using FusePolicy = typename detail::Chosen<detail::IsFuse, fuse::OneSoftmax, Policies...>::type;
  /// Whether the model learns to score its tokens. The score is then added to what a query makes of
  /// a kept key, and so learns what is worth reading again.
  static constexpr bool scored = (... || detail::wants_keep_score<Policies>);
  /// Whether offers say how badly what stays in the window gives them back.
  static constexpr bool reconstructs = detail::wants_reconstruction<SignalPolicy>;

  /// What is kept, the oldest first.
  template <class A>
  struct State {
    A keys;                ///< [kept, width], un-rotated
    A values;              ///< [kept, width]
    A keep;                ///< [kept, 1], keep scores; without rows if not scored
    Notes<Entry> entries;  ///< [kept]

    static void visit(auto&& on, auto&... trees) {
      on("keys", trees.keys...);
      on("values", trees.values...);
      on("keep", trees.keep...);
      on("entries", trees.entries...);
    }
  };

  /// Tokens that leave the window, in the order of the text: arrays with a row for each offer.
  template <class X>
  struct Leaving {
    X keys;                            ///< [leaving, width], un-rotated
    X values;                          ///< [leaving, width]
    X keep;                            ///< [leaving, 1], or without rows if not scored
    const std::vector<Offer>& offers;  ///< [leaving]
  };

  /// How much of the cache may be used.
  struct Room {
    Index slots = Slots;              ///< at most
    std::span<const Index> pinned{};  ///< positions of tokens that no other token displaces
  };

  /// Keeps of the residents and the newcomers those that leave last.
  ///
  /// \throws RangeError if room.slots is negative, NumberError if a signal is not a number; the
  ///         state is then untouched.
  /// \cost   O((slots + leaving) (1 + pinned)), besides copying what is kept: in chunks as long as
  ///         the cache or longer, O(1 + pinned) an offer
  template <class X>
  static void offer(State<X>& state, const Leaving<X>& leaving, const Room& room) {
    if (room.slots < 0) {
      throw RangeError("Cache.offer: slots must not be negative, got " +
                       std::to_string(room.slots));
    }
    std::vector<Entry> newcomers;
    for (const Offer& offer : leaving.offers) {
      newcomers.push_back(offer.entry);
      newcomers.back().signal = SignalPolicy{}(offer);
      if (!std::isfinite(newcomers.back().signal)) {
        throw NumberError("Cache.offer: the signal of token " +
                          std::to_string(offer.entry.position) + " is not finite");
      }
    }
    std::vector<Entry> all = state.entries;
    std::vector<Index> rows(all.size());
    std::iota(rows.begin(), rows.end(), Index{0});
    for (std::size_t n = 0; n < newcomers.size(); ++n) {
      const bool stays = detail::is_pinned(newcomers[n], room.pinned);
      if (!stays && !AdmitPolicy{}(newcomers, n)) continue;
      all.push_back(newcomers[n]);
      rows.push_back(std::ssize(state.entries) + static_cast<Index>(n));
    }
    const std::vector<Index> staying =
        detail::who_stays(all, std::min(room.slots, Slots), room.pinned, EvictPolicy{});
    std::vector<Index> chosen;
    Notes<Entry> entries;
    for (const Index n : staying) {
      chosen.push_back(rows[static_cast<std::size_t>(n)]);
      entries.push_back(all[static_cast<std::size_t>(n)]);
    }
    const auto choose = [&](X& kept, const X& offered) {
      kept = choose_rows(append_rows(std::move(kept), offered), chosen);
    };
    choose(state.keys, leaving.keys);
    choose(state.values, leaving.values);
    if constexpr (scored) choose(state.keep, leaving.keep);
    state.entries = std::move(entries);
  }
};

}  // namespace ttt
