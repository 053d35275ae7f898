// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/layer/layer.hpp>

namespace ttt {

/// The gated feed-forward network.
///
///   y = (silu(x W_1) * (x W_3)) W_2
///
/// \shape  x [time, width] -> [time, width]
/// \cost   O(time * width * hidden)
/// \source Shazeer 2020, "GLU Variants Improve Transformer", arXiv:2002.05202
struct SwiGlu {
  static constexpr LayerTraits traits{};  ///< each token is read by itself
  using Extras = NoExtras;                ///< none

  Index hidden = 0;                                              ///< units; 0 for the spec's
  PartNames names{"ffn_norm", "feed_forward", "ffn_post_norm"};  ///< in files

  /// The three matrices; there are no biases.
  template <class A>
  struct Params {
    A w1;  ///< [width, hidden], to the gate
    A w2;  ///< [hidden, width], back
    A w3;  ///< [width, hidden], to what is gated

    /// Calls on(name, member...) for each member of trees of one form.
    static constexpr void visit(auto&& on, auto&... trees) {
      on("w1.weight", trees.w1...);
      on("w2.weight", trees.w2...);
      on("w3.weight", trees.w3...);
    }
  };

  /// None.
  template <class A>
  using State = Stateless<A>;

  /// What the parameters are.
  [[nodiscard]] constexpr Params<TensorSpec> tensors(const ModelSpec& spec) const {
    const Index units = hidden > 0 ? hidden : spec.hidden;
    return {.w1 = matrix_spec(spec.init, spec.width, units),
            .w2 = matrix_spec(spec.init, units, spec.width),
            .w3 = matrix_spec(spec.init, spec.width, units)};
  }

  /// Nothing can be wrong.
  template <class M>
  void validate(const State<M>& /*state*/, Index /*position*/, const ModelSpec& /*spec*/) const {}

  /// Reads the rows of x; see Layer.
  template <class P, class X, class C>
  [[nodiscard]] X read(const Params<P>& params, State<X>& /*state*/, const X& x,
                       const C& /*context*/) const {
    return matmul(silu_gate(matmul(x, params.w1), matmul(x, params.w3)), params.w2);
  }
};

static_assert(Layer<SwiGlu> && Layer<With<SwiGlu{.hidden = 5}>>);

}  // namespace ttt
