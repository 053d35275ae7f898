// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations/rows.hpp>
#include <ttt/memory/admit.hpp>
#include <ttt/memory/entry.hpp>
#include <ttt/memory/evict.hpp>
#include <ttt/memory/fuse.hpp>
#include <ttt/memory/keep_score.hpp>
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

/// Which of `all`, stored and new entries in the order of the text, survive where there is room for
/// `room`: their numbers, in that order. Entries at pinned positions survive before others.
///
/// \cost  O(all (1 + pinned))
template <Evict Order>
[[nodiscard]] std::vector<Index> survivors(const std::vector<Entry>& all, Index room,
                                           std::span<const Index> pinned, const Order& evict) {
  std::vector<Index> numbers(all.size());
  std::iota(numbers.begin(), numbers.end(), Index{0});
  if (std::ssize(all) <= room) return numbers;
  const auto evicted_before = [&](Index x, Index y) {
    const Entry& a = at(all, x);
    const Entry& b = at(all, y);
    if (const bool last = is_pinned(a, pinned); last != is_pinned(b, pinned)) return !last;
    if (evict(a, b)) return true;
    return !evict(b, a) && a.position < b.position;
  };
  std::vector<Index> evicted = numbers;
  const auto first_to_stay = evicted.begin() + (std::ssize(all) - room);
  std::ranges::nth_element(evicted, first_to_stay, evicted_before);
  evicted.erase(first_to_stay, evicted.end());
  for (const Index number : evicted) at(numbers, number) = -1;
  std::erase(numbers, -1);
  return numbers;
}

}  // namespace detail

/// Keys and values of tokens that have left the window, exactly: of those with the strongest
/// signal, `Slots` at most. What the words mean is said by policies, in any order, each a type of
/// its own kind; With<policy> is one with settings:
///
///   Signal  how much a token is worth storing    default: signal::Surprisal
///   Admit   which tokens may compete             default: admit::All
///   Evict   what a full cache evicts first       default: evict::WeakestSignal
///   Place   the positions of cached keys         default: place::Rank
///   Fuse    how cache and window answer as one   default: fuse::OneSoftmax
///
/// Keys are stored un-rotated. Keys, values and keep scores or retentions carry cotangents back to
/// the chunks that made them; what is stored is a constant.
///
/// \law size    never more than `Slots` tokens, whatever is offered
/// \law order   entries are in the order of the text
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

  static constexpr Index slots = Slots;  ///< tokens stored at most
  /// How much a token is worth storing.
  using SignalPolicy =
      typename detail::Chosen<detail::IsSignal, signal::Surprisal, Policies...>::type;
  /// Which tokens may compete.
  using AdmitPolicy = typename detail::Chosen<detail::IsAdmit, admit::All, Policies...>::type;
  /// What is evicted first.
  using EvictPolicy =
      typename detail::Chosen<detail::IsEvict, evict::WeakestSignal, Policies...>::type;
  /// The positions of cached keys.
  using PlacePolicy = typename detail::Chosen<detail::IsPlace, place::Rank, Policies...>::type;
  /// How the answers of cache and window become one.
  using FusePolicy = typename detail::Chosen<detail::IsFuse, fuse::OneSoftmax, Policies...>::type;
  /// What the policies want to be computed. A keep score, if wanted, is also added to the logits of
  /// the attention to a cached key, and so learns what is worth reading again.
  /// Of a retention, its power by the age of the key is multiplied with the key's weight.
  static constexpr PolicyTraits wants = (PolicyTraits{} | ... | detail::traits_of<Policies>);
  static_assert(!(wants.keep_score && wants.retention),
                "the policies of a cache must read keep scores or retentions, not both");

  /// What is stored, the oldest first.
  template <class A>
  struct State {
    A keys;    ///< [stored, kv_heads * head], un-rotated
    A values;  ///< [stored, kv_heads * head]
    A keep;    ///< [stored, 1], keep scores, or [stored, kv_heads], logarithms of retentions;
               ///< without rows if neither is wanted
    Metadata<Entry> entries;  ///< [stored]

    /// Calls on(name, member...) for each member of trees of one form.
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
    X keys;                            ///< [leaving, kv_heads * head], un-rotated
    X values;                          ///< [leaving, kv_heads * head]
    X keep;                            ///< [leaving, ...], as of the state
    const std::vector<Offer>& offers;  ///< [leaving]
  };

  /// Stores, of the entries and the offers, those that are evicted last.
  ///
  /// \throws RangeError if options.slots is negative, NumberError if a signal is not a number; the
  ///         state is then untouched.
  /// \cost   O((slots + leaving) (1 + pinned)), besides copying what is stored: in chunks as long
  ///         as the cache or longer, O(1 + pinned) an offer
  template <class X>
  static void offer(State<X>& state, const Leaving<X>& leaving, Index now,
                    const CacheOptions& options) {
    if (options.slots < 0) {
      throw RangeError("Cache.offer: slots must not be negative, got " +
                       std::to_string(options.slots));
    }
    const std::vector<Entry> newcomers = valued(leaving.offers, now);
    std::vector<Entry> all = state.entries;
    for (Entry& entry : all) {
      entry.now = now;
      ++entry.insertions;
    }
    std::vector<Index> rows(all.size());
    std::iota(rows.begin(), rows.end(), Index{0});
    for (std::size_t n = 0; n < newcomers.size(); ++n) {
      const bool stays = detail::is_pinned(newcomers[n], options.pinned);
      if (!stays && !AdmitPolicy{}(newcomers, n)) continue;
      all.push_back(newcomers[n]);
      rows.push_back(std::ssize(state.entries) + static_cast<Index>(n));
    }
    const std::vector<Index> staying =
        detail::survivors(all, std::min(options.slots, Slots), options.pinned, EvictPolicy{});
    std::vector<Index> chosen;
    Metadata<Entry> entries;
    for (const Index n : staying) {
      chosen.push_back(at(rows, n));
      entries.push_back(at(all, n));
    }
    const auto choose = [&](X& stored, const X& offered) {
      stored = choose_rows(append_rows(stored, offered), chosen);
    };
    choose(state.keys, leaving.keys);
    choose(state.values, leaving.values);
    if constexpr (wants.scored()) choose(state.keep, leaving.keep);
    state.entries = std::move(entries);
  }

 private:
  /// The entries of offers, with their signals.
  [[nodiscard]] static std::vector<Entry> valued(const std::vector<Offer>& offers, Index now) {
    std::vector<Entry> entries;
    for (const Offer& offer : offers) {
      entries.push_back(offer.entry);
      entries.back().signal = SignalPolicy{}(offer);
      entries.back().now = now;
      if (!std::isfinite(entries.back().signal)) {
        throw NumberError("Cache.offer: the signal of token " +
                          std::to_string(offer.entry.position) + " is not finite");
      }
    }
    return entries;
  }
};

}  // namespace ttt
