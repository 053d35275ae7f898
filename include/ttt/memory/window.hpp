// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/attention_memory.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace ttt {

/// A KV cache of the last tokens.
///
/// Keys are stored un-rotated and are turned anew in each read, at positions that count from the
/// oldest one stored: no position is ever larger than the window and a read, however long the text.
///
/// \source Sun et al. 2025, "End-to-End Test-Time Training for Long Context", arXiv:2512.23675, for
///         the ring. Ours starts without rows, where theirs starts with masked zeros, and evicts
///         old rows when a whole chunk of them is out of sight.
struct Window {
  static constexpr LayerTraits traits{};  ///< reads may end anywhere
  static constexpr bool gated = false;    ///< no gate
  using Extras = NoExtras;                ///< none

  Index length = 0;  ///< tokens a query sees, itself included; 0 for the spec's window

  /// What is stored, the oldest token first.
  template <class A>
  struct State {
    A keys;    ///< [stored, kv_heads * head], un-rotated; stored < window + chunk between reads
    A values;  ///< [stored, kv_heads * head]

    /// Calls on(name, member...) for each member of trees of one form.
    static void visit(auto&& on, auto&... trees) {
      on("keys", trees.keys...);
      on("values", trees.values...);
    }
  };

  /// Tokens a query sees.
  [[nodiscard]] constexpr Index tokens(const ModelSpec& spec) const {
    return length > 0 ? length : spec.window;
  }

  /// Throws ShapeError or RangeError unless `state` can be that of `position`.
  template <class M>
  void validate(const State<M>& state, Index position, const AttentionShape& shape,
                const ModelSpec& spec) const {
    const Index stored = state.keys.rows();
    const Index least = std::min(position, tokens(spec));
    const Index most = std::min(position, tokens(spec) + spec.chunk - 1);
    if (stored < least || stored > most) {
      throw RangeError("Window: keys must have " + std::to_string(least) + ".." +
                       std::to_string(most) + " rows, got " + std::to_string(stored));
    }
    expect_rows("Window", "keys", state.keys, stored, shape.kv_width());
    expect_rows("Window", "values", state.values, stored, shape.kv_width());
  }

  /// Appends the tokens' keys and values, and attends to what each query sees.
  ///
  /// \shape  rows of [time, ...] -> [time, heads * head]
  /// \cost   O(time * window * heads * head)
  template <class X, class G, class C>
  [[nodiscard]] X attend(State<X>& state, const AttentionRows<X>& rows, const G& /*gate*/,
                         const AttentionShape& shape, const C& context) const {
    const Index window = tokens(context.spec);
    state.keys = append_rows(state.keys, rows.k);
    state.values = append_rows(state.values, rows.v);
    const Index stored = row_count(state.keys);
    const Index time = row_count(rows.q);
    X y = ttt::attend(rotate(rows.q, context.rotary, shape.head, shape.rotary, stored - time),
                      rotate(state.keys, context.rotary, shape.head, shape.rotary, 0), state.values,
                      X{}, shape.heads, VisibleKeys::sliding(time, stored, window));
    if (stored >= window + context.spec.chunk) {
      state.keys = take_rows(state.keys, stored - window, window);
      state.values = take_rows(state.values, stored - window, window);
    }
    return y;
  }
};

static_assert(AttentionMemory<Window>);

}  // namespace ttt
