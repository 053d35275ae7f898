// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/attention_memory.hpp>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace ttt {

/// The KV cache of full attention: it grows with the text.
///
/// Positions are those of the text, so keys are stored as they were turned. The last tokens are
/// stored by themselves until there is a chunk of them, so that a token that is read alone does not
/// copy the whole text.
///
/// \source Vaswani et al. 2017, "Attention Is All You Need", arXiv:1706.03762
struct Whole {
  static constexpr LayerTraits traits{};  ///< reads may end anywhere
  static constexpr bool gated = false;    ///< no gate
  using Extras = NoExtras;                ///< none

  /// Every token of the text, the oldest first.
  template <class A>
  struct State {
    A keys;           ///< [stored, kv_heads * head], turned
    A values;         ///< [stored, kv_heads * head]
    A recent_keys;    ///< [recent, kv_heads * head], of the tokens behind; recent < chunk
    A recent_values;  ///< [recent, kv_heads * head]

    /// Calls on(name, member...) for each member of trees of one form.
    static void visit(auto&& on, auto&... trees) {
      on("keys", trees.keys...);
      on("values", trees.values...);
      on("recent_keys", trees.recent_keys...);
      on("recent_values", trees.recent_values...);
    }
  };

  /// Throws ShapeError or RangeError unless `state` can be that of `position`.
  template <class M>
  void validate(const State<M>& state, Index position, const AttentionShape& shape,
                const ModelSpec& spec) const {
    const Index recent = state.recent_keys.rows();
    if (recent >= spec.chunk) {
      throw RangeError("Whole: recent_keys must have fewer than " + std::to_string(spec.chunk) +
                       " rows, got " + std::to_string(recent));
    }
    const Index cols = shape.kv_width();
    expect_rows("Whole", "keys", state.keys, position - recent, cols);
    expect_rows("Whole", "values", state.values, position - recent, cols);
    expect_rows("Whole", "recent_keys", state.recent_keys, recent, cols);
    expect_rows("Whole", "recent_values", state.recent_values, recent, cols);
  }

  /// Appends the tokens' keys and values, and attends to all up to each query's own.
  ///
  /// \shape  rows of [time, ...] -> [time, heads * head]
  /// \cost   O(time * position * heads * head), and once a chunk a copy of what is stored
  template <class X, class G, class C>
  [[nodiscard]] X attend(State<X>& state, const AttentionRows<X>& rows, const G& /*gate*/,
                         const AttentionShape& shape, const C& context) const {
    const auto turned = [&](const X& x) {
      return rotate(x, context.rotary, shape.head, shape.rotary, context.position);
    };
    state.recent_keys = append_rows(state.recent_keys, turned(rows.k));
    state.recent_values = append_rows(state.recent_values, rows.v);
    if (row_count(state.recent_keys) >= context.spec.chunk) {
      state.keys = append_rows(state.keys, std::exchange(state.recent_keys, X{}));
      state.values = append_rows(state.values, std::exchange(state.recent_values, X{}));
    }
    const X q = turned(rows.q);
    const Index time = row_count(q);
    const auto up_to_its_own = [&](const X& keys) {
      return VisibleKeys::sliding(time, row_count(keys), row_count(keys));
    };
    if (row_count(state.recent_keys) == 0) {
      return ttt::attend(q, state.keys, state.values, X{}, shape.heads, up_to_its_own(state.keys));
    }
    if (row_count(state.keys) == 0) {
      return ttt::attend(q, state.recent_keys, state.recent_values, X{}, shape.heads,
                         up_to_its_own(state.recent_keys));
    }
    const VisibleKeys all =
        VisibleKeys::leading(std::vector(static_cast<std::size_t>(time), row_count(state.keys)));
    return apply(JointAttention{shape.heads, {all, up_to_its_own(state.recent_keys)}}, q,
                 state.keys, state.values, X{}, q, state.recent_keys, state.recent_values, X{});
  }
};

static_assert(AttentionMemory<Whole>);

}  // namespace ttt
