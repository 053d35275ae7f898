// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/linear_recurrence.hpp>
#include <ttt/memory/read_in_chunks.hpp>

namespace ttt {

/// What a DeltaRule reads: rows of all tokens.
template <class X>
struct DeltaRows {
  X q;          ///< [time, groups * key], queries
  X k;          ///< [time, groups * key], keys; of length 1, or the state may grow
  X v;          ///< [time, heads * value], values
  X beta;       ///< [time, heads], how much of its error a key corrects
  X log_decay;  ///< [time, heads], of the state, before the token writes; at most 0
};

/// The gated delta rule: each token decays the state, and corrects what its key reads there.
///
///   S_t = exp(g_t) S_(t - 1) + k_t^T u_t,    u_t = rate beta_t (v_t - k_t exp(g_t) S_(t - 1))
///   y_t = q_t S_t
///
/// It is one step of gradient descent on |k_t S - v_t|^2 / 2 for each token. The corrections of a
/// chunk depend on each other through the keys they share, so they solve a triangular system, whose
/// right side is what the state before the chunk leaves of the errors.
///
/// \shape  S [key, heads * value]; y [time, heads * value], time > 0
/// \cost   O(time * heads * (key + value) * (chunk + value)); for one token that of the state
/// \source Yang, Kautz and Hatamizadeh 2024, "Gated Delta Networks: Improving Mamba2 with Delta
///         Rule", arXiv:2412.06464
struct DeltaRule {
  RecurrentHeads heads;  ///< of values, and groups of them that share keys and queries
  Index chunk;           ///< tokens that are read at once; of no influence beyond rounding
  double rate = 1;       ///< times every beta

  /// What the tokens read, themselves included; moves `state` behind them.
  template <class X>
  [[nodiscard]] X read(X& state, const DeltaRows<X>& rows) const {
    return read_in_chunks<X>(row_count(rows.v), chunk, [&](const auto& part) {
      const LinearRecurrence<X> recurrence(heads, part(rows.log_decay));
      const X q = part(rows.q);
      const X k = part(rows.k);
      const X beta = part(rows.beta);
      X errors = part(rows.v);
      if (row_count(state) > 0) errors = subtract(errors, recurrence.recall(state, k));
      const X shared = scale_heads(recurrence.weights(k, k), beta, rate);
      const X corrections = solve_lower(shared, scale_heads(errors, beta, rate), heads.heads);
      return recurrence.read(state, q, k, corrections);
    });
  }
};

}  // namespace ttt
