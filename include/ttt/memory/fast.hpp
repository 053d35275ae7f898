// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/layer/layer.hpp>

namespace ttt {

/// A layer whose parameters are fast weights: they take a gradient step after each chunk of what is
/// read, and so are a memory of it. Their starting values are learned like any other parameter.
///
/// \source Sun et al. 2025, "End-to-End Test-Time Training for Long Context", arXiv:2512.23675
template <Layer L>
struct Fast {
  /// Whether a part has fast weights.
  static constexpr bool learns = true;
  /// Whether reads must keep to chunks.
  static constexpr bool reads_chunks = detail::reads_chunks<L>;
  /// Whether the model gives keep scores.
  static constexpr bool scored = detail::scored<L>;
  static constexpr PartNames names{"ffn_prime_norm", "feed_forward_prime", "ffn_prime_post_norm"};

  /// The layer's parameters, marked as fast.
  template <class A>
  struct Params : L::template Params<A> {
    static constexpr bool fast = true;  ///< what Leaf::fast reports of them
  };

  /// What the layer keeps besides.
  template <class A>
  using State = typename L::template State<A>;

  template <ModelSpec Spec>
  [[nodiscard]] static Params<TensorSpec> tensors() {
    return {L::template tensors<Spec>()};
  }

  /// Rows of the rotary table that a read of at most a chunk needs.
  static constexpr Index positions(const ModelSpec& spec) { return detail::positions_of<L>(spec); }

  /// Throws ShapeError or RangeError unless `state` can be what the layer remembers at `position`.
  template <ModelSpec Spec, class M>
  static void expect(const State<M>& state, Index position) {
    detail::expect_state_of<L, Spec>(state, position);
  }

  template <ModelSpec Spec, class P, class X>
  [[nodiscard]] static X read(const Params<P>& params, State<X>& state, const X& x,
                              const Pass<X>& pass) {
    return L::template read<Spec>(params, state, x, pass);
  }
};

}  // namespace ttt
