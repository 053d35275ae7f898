// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/linear_recurrence.hpp>
#include <ttt/memory/read_in_chunks.hpp>

namespace ttt {

/// What a StateSpace reads: rows of all tokens.
template <class X>
struct StateSpaceRows {
  X x;          ///< [time, heads * head], inputs
  X b;          ///< [time, groups * state], how they are written
  X c;          ///< [time, groups * state], how the state is read
  X step;       ///< [time, heads], the time that passes, positive
  X log_decay;  ///< [time, heads], step A, of the state in that time; negative
};

/// A state space whose transition is a number for each head and token: Mamba-2 without its skip.
///
///   S_t = exp(step_t A) S_(t - 1) + b_t^T (step_t x_t),    y_t = c_t S_t
///
/// \shape  S [state, heads * head]; y [time, heads * head], time > 0
/// \cost   O(time * heads * (state + head) * (chunk + head)); for one token that of the state
/// \source Dao and Gu 2024, "Transformers are SSMs", arXiv:2405.21060
struct StateSpace {
  RecurrentHeads heads;  ///< of inputs, and groups of them that share b and c
  Index chunk;           ///< tokens that are read at once; of no influence beyond rounding

  /// What the tokens read, themselves included; moves `state` behind them.
  template <class X>
  [[nodiscard]] X read(X& state, const StateSpaceRows<X>& rows) const {
    const X written = scale_heads(rows.x, rows.step);
    return read_in_chunks<X>(row_count(rows.x), chunk, [&](const auto& part) {
      const LinearRecurrence<X> recurrence(heads, part(rows.log_decay));
      return recurrence.read(state, part(rows.c), part(rows.b), part(written));
    });
  }
};

}  // namespace ttt
