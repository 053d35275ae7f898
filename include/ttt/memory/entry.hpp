// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>

#include <cstddef>
#include <span>

namespace ttt {

/// A token that a cache keeps, or is offered, as its policies see it.
struct Entry {
  Index position = 0;    ///< in the text, from 0
  double surprisal = 0;  ///< -log p of the token, in nats, when it was read
  double keep = 0;       ///< the keep score that the model gave it; 0 if it gives none
  double signal = 0;     ///< what the cache's signal made of it when it was offered
  double attended = 0;   ///< attention received since it is kept: mean over heads, sum over queries
  Index readers = 0;     ///< queries that could see it since then
  Index attended_at = 0;  ///< position of the last query that gave it more than an equal share; of
                          ///< the offer until then
};

/// A token that leaves the window, and what is known around it.
struct Offer {
  Entry entry;                        ///< whose signal is still 0
  std::span<const double> surprisal;  ///< of neighbouring tokens, in the order of the text
  std::size_t at = 0;                 ///< where this token stands among them
  double reconstruction = 0;  ///< how badly its value is given back by the tokens that stay in the
                              ///< window, asked with its key; 0 if no signal wants to know
};

namespace detail {

/// Whether a policy asks the model for keep scores.
template <class P>
inline constexpr bool wants_keep_score = requires {
  requires P::wants_keep_score;
};

/// Whether a policy asks how badly what stays gives back what leaves.
template <class P>
inline constexpr bool wants_reconstruction = requires {
  requires P::wants_reconstruction;
};

}  // namespace detail

}  // namespace ttt
