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
  static constexpr PartNames names{"ffn_norm", "feed_forward", "ffn_post_norm"};

  /// The three matrices; there are no biases.
  template <class A>
  struct Params {
    A w1;  ///< [width, hidden], to the gate
    A w2;  ///< [hidden, width], back
    A w3;  ///< [width, hidden], to what is gated

    static void visit(auto&& on, auto&... trees) {
      on("w1.weight", trees.w1...);
      on("w2.weight", trees.w2...);
      on("w3.weight", trees.w3...);
    }
  };

  /// Nothing: each token is read by itself.
  template <class A>
  using State = Stateless<A>;

  template <ModelSpec Spec>
  [[nodiscard]] static Params<TensorSpec> tensors() {
    return {.w1 = {Spec.width, Spec.hidden},
            .w2 = {Spec.hidden, Spec.width},
            .w3 = {Spec.width, Spec.hidden}};
  }

  template <ModelSpec Spec, class P, class X>
  [[nodiscard]] static X read(const Params<P>& params, State<X>& /*state*/, const X& x,
                              const Pass<X>& /*pass*/) {
    return matmul(silu_gate(matmul(x, params.w1), matmul(x, params.w3)), params.w2);
  }
};

static_assert(Layer<SwiGlu>);

}  // namespace ttt
