// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/layer/layer.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace ttt {

/// The last tokens' keys and values, exactly.
///
/// Keys are stored un-rotated and are turned anew in each read, at positions that count from the
/// oldest one kept: no position is ever larger than window + 2 chunk, however long the text.
///
/// \source Sun et al. 2025, "End-to-End Test-Time Training for Long Context", arXiv:2512.23675, for
///         the ring. Ours starts without rows, where theirs starts with masked zeros, and lets go
///         of old rows when a whole chunk of them is out of sight.
struct Window {
  /// What is kept, the oldest token first.
  template <class A>
  struct State {
    A keys;    ///< [kept, width], un-rotated; kept < window + chunk between reads
    A values;  ///< [kept, width]

    static void visit(auto&& on, auto&... trees) {
      on("keys", trees.keys...);
      on("values", trees.values...);
    }
  };

  /// Rows of the rotary table that a read of at most a chunk needs.
  static constexpr Index positions(const ModelSpec& spec) { return spec.window + 2 * spec.chunk; }

  /// Throws ShapeError or RangeError unless `state` can be what is kept at `position`.
  template <ModelSpec Spec, class M>
  static void expect(const State<M>& state, Index position) {
    const Index kept = state.keys.rows();
    if (kept >= Spec.window + Spec.chunk || kept > position) {
      throw RangeError("Window: keys must have at most " +
                       std::to_string(std::min(position, Spec.window + Spec.chunk - 1)) +
                       " rows, got " + std::to_string(kept));
    }
    expect_shape("Window", "keys", state.keys, {any, kept == 0 ? any : Spec.width});
    expect_shape("Window", "values", state.values, {kept, kept == 0 ? any : Spec.width});
  }

  /// Appends the tokens' keys and values, and attends to what each query sees.
  ///
  /// \shape  q, k, v [time, width] -> [time, width]; un-rotated
  /// \throws RangeError if the keys are more than the positions of the rotary table; the state is
  ///         then untouched.
  /// \cost   O(time * window * width)
  template <ModelSpec Spec, class X>
  [[nodiscard]] static X attend(State<X>& state, const X& q, const X& k, const X& v,
                                const Pass<X>& pass) {
    if (row_count(state.keys) + row_count(k) > pass.rotary->factors().rows()) {
      throw RangeError("Window.attend: a read must keep to " +
                       std::to_string(pass.rotary->factors().rows()) + " positions, got " +
                       std::to_string(row_count(state.keys) + row_count(k)));
    }
    state.keys = append_rows(std::move(state.keys), k);
    state.values = append_rows(std::move(state.values), v);
    const Index kept = row_count(state.keys);
    X y = ttt::attend(rotate(q, *pass.rotary, kept - row_count(q)),
                      rotate(state.keys, *pass.rotary, 0), state.values, Spec.heads, Spec.window);
    if (kept >= Spec.window + Spec.chunk) {
      state.keys = take_rows(state.keys, kept - Spec.window, Spec.window);
      state.values = take_rows(state.values, kept - Spec.window, Spec.window);
    }
    return y;
  }
};

}  // namespace ttt
