// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/types.hpp>

#include <cstddef>
#include <span>

namespace ttt {

/// A token that a cache stores, or is offered, as its policies see it.
struct Entry {
  Index position = 0;    ///< in the text, from 0
  double surprisal = 0;  ///< -log p of the token, in nats, when it was read
  double keep = 0;       ///< the keep score that the model gave it; 0 if it gives none
  double signal = 0;     ///< what the cache's signal made of it when it was offered
  double attended =
      0;              ///< attention received since it is stored: mean over heads, sum over queries
  Index readers = 0;  ///< queries that could see it since then
  Index attended_at = 0;  ///< position of the last query that gave it more than an equal share; of
                          ///< the offer until then
  Index now = 0;          ///< tokens of the text that were read when the policy is asked
  Index insertions = 0;   ///< how often others were offered since it is stored

  /// Tokens since it was read.
  [[nodiscard]] constexpr Index age() const { return now - position; }

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
  }
};

/// A token that leaves the window, and what is known around it.
struct Offer {
  Entry entry;                        ///< whose signal is still 0
  std::span<const double> surprisal;  ///< of neighbouring tokens, in the order of the text
  std::size_t at = 0;                 ///< where this token stands among them
  double reconstruction = 0;  ///< error when its value is read from the tokens that stay in the
                              ///< window, with its key as query; 0 if no signal wants it
};

/// What a policy of a cache wants to be computed. A policy says so by
///
///   static constexpr PolicyTraits traits{.keep_score = true};
///
/// and by nothing if it wants neither.
struct PolicyTraits {
  bool keep_score = false;      ///< Entry::keep: the model then learns a keep score
  bool reconstruction = false;  ///< Offer::reconstruction

  /// What is wanted by one of two.
  friend constexpr PolicyTraits operator|(PolicyTraits a, PolicyTraits b) {
    return {a.keep_score || b.keep_score, a.reconstruction || b.reconstruction};
  }
};

namespace detail {

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
