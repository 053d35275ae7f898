// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/attention_memory.hpp>

namespace ttt {

/// The KV cache of full attention: it grows with the text.
///
/// Positions are those of the text, so keys are stored as they were turned.
///
/// \source Vaswani et al. 2017, "Attention Is All You Need", arXiv:1706.03762
struct Whole {
  static constexpr LayerTraits traits{};  ///< reads may end anywhere
  static constexpr bool gated = false;    ///< no gate
  using Extras = NoExtras;                ///< none

  /// Every token of the text.
  template <class A>
  struct State {
    A keys;    ///< [position, kv_heads * head], turned
    A values;  ///< [position, kv_heads * head]

    /// Calls on(name, member...) for each member of trees of one form.
    static void visit(auto&& on, auto&... trees) {
      on("keys", trees.keys...);
      on("values", trees.values...);
    }
  };

  /// Throws ShapeError unless `state` can be that of `position`.
  template <class M>
  void validate(const State<M>& state, Index position, const AttentionShape& shape,
                const ModelSpec& /*spec*/) const {
    const Index cols = position == 0 ? any_extent : shape.kv_width();
    expect_shape("Whole", "keys", state.keys, {position, cols});
    expect_shape("Whole", "values", state.values, {position, cols});
  }

  /// Appends the tokens' keys and values, and attends to all up to each query's own.
  ///
  /// \shape  rows of [time, ...] -> [time, heads * head]
  /// \cost   O(time * position * heads * head)
  template <class X, class G, class C>
  [[nodiscard]] X attend(State<X>& state, const AttentionRows<X>& rows, const G& /*gate*/,
                         const AttentionShape& shape, const C& context) const {
    const auto turned = [&](const X& x) {
      return rotate(x, context.rotary, shape.head, shape.rotary, context.position);
    };
    state.keys = append_rows(state.keys, turned(rows.k));
    state.values = append_rows(state.values, rows.v);
    const Index stored = row_count(state.keys);
    return ttt::attend(turned(rows.q), state.keys, state.values, X{}, shape.heads,
                       VisibleKeys::sliding(row_count(rows.q), stored, stored));
  }
};

static_assert(AttentionMemory<Whole>);

}  // namespace ttt
