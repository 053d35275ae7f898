// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>
#include <ttt/types.hpp>

#include <cstddef>
#include <span>
#include <string>

namespace ttt {

/// A token that a cache stores, or is offered, as its policies see it.
struct Entry {
  Index position = 0;        ///< in the text, from 0
  double surprisal = 0;      ///< -log p of the token, in nats, when it was read
  double keep = 0;           ///< the keep score that the model gave it; 0 if it gives none
  double log_retention = 0;  ///< logarithm of its retention, mean over heads; 0 if it has none
  double signal = 0;         ///< what the cache's signal made of it when it was offered
  /// Attention received since it is stored, or read if PolicyTraits::window_attention is wanted:
  /// mean over heads, sum over queries.
  double attended = 0;
  double attended_in_chunk = 0;  ///< of that, from the queries of the chunk that was read last
  double attended_last = 0;      ///< of that, from the query that was read last
  Index readers = 0;             ///< queries that could see it since then
  Index attended_at = 0;  ///< position of the last query that gave it more than an equal share; of
                          ///< the offer until then
  Index now = 0;          ///< tokens of the text that were read when the policy is asked
  Index insertions = 0;   ///< how often others were offered since it is stored

  /// Tokens since it was read.
  [[nodiscard]] constexpr Index age() const { return now - position; }

  /// Calls on(number) for each number of an entry.
  static void visit_fields(auto& e, auto&& on) {
    on(e.position);
    on(e.surprisal);
    on(e.keep);
    on(e.signal);
    on(e.attended);
    on(e.readers);
    on(e.attended_at);
    on(e.now);
    on(e.insertions);
    on(e.log_retention);
    on(e.attended_in_chunk);
    on(e.attended_last);
  }
};

/// A token that leaves the window, and what is known around it.
struct Offer {
  Entry entry;                        ///< whose signal is still 0
  std::span<const double> surprisal;  ///< of neighbouring tokens, in the order of the text
  std::size_t at = 0;                 ///< where this token stands among them
  double reconstruction = 0;  ///< error when its value is read from the tokens that stay in the
                              ///< window, with its key as query; 0 if no signal wants it
  /// What each of `surprisal` received from the queries of the chunk that was read last, mean over
  /// heads; 0 of a token that has left the window; empty if it is not wanted.
  std::span<const double> attention{};
};

/// What a policy of a cache wants to be computed. A policy says so by
///
///   static constexpr PolicyTraits traits{.keep_score = true};
///
/// and by nothing if it wants neither.
struct PolicyTraits {
  bool keep_score = false;      ///< Entry::keep: the model then learns a keep score
  bool reconstruction = false;  ///< Offer::reconstruction
  bool retention = false;       ///< Entry::log_retention: the model then learns retentions
  /// Offer::attention, and that entries count what they received in the window too.
  bool window_attention = false;

  /// What is wanted by one of two.
  friend constexpr PolicyTraits operator|(PolicyTraits a, PolicyTraits b) {
    return {a.keep_score || b.keep_score, a.reconstruction || b.reconstruction,
            a.retention || b.retention, a.window_attention || b.window_attention};
  }
  /// Whether the model gives every token numbers that are stored beside its key.
  [[nodiscard]] constexpr bool scored() const { return keep_score || retention; }
};

namespace detail {

/// Throws RangeError unless the positions of entries rise, from 0 at the least, and are below
/// `end`.
inline void expect_rising(const std::string& operation, std::span<const Entry> entries, Index end) {
  Index before = -1;
  for (const Entry& entry : entries) {
    if (entry.position <= before || entry.position >= end) {
      throw RangeError(operation + ": positions of entries must rise below " + std::to_string(end) +
                       ", got " + std::to_string(entry.position) + " behind " +
                       std::to_string(before));
    }
    before = entry.position;
  }
}

template <class P>
constexpr PolicyTraits policy_traits() {
  static_assert(
      !requires { P::wants_keep_score; } && !requires { P::wants_reconstruction; },
      "a policy says what it wants by `static constexpr PolicyTraits traits`");
  if constexpr (requires { P::traits; }) {
    return P::traits;
  } else {
    return {};
  }
}

/// What a policy wants.
template <class P>
inline constexpr PolicyTraits traits_of = policy_traits<P>();

}  // namespace detail

}  // namespace ttt
