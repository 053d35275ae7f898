// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/context.hpp>

namespace ttt {

/// The norm of the residual stream, of the kind that the spec says.
struct Norm {
  /// A weight, and the bias of a LayerNorm.
  template <class A>
  struct Params {
    A weight;  ///< [1, width], or without rows where there is no norm
    A bias;    ///< [1, width], or without rows

    /// Calls on(name, member...) for each member of trees of one form.
    static constexpr void visit(auto&& on, auto&... trees) {
      on("weight", trees.weight...);
      on("bias", trees.bias...);
    }
  };

  /// What the parameters are.
  [[nodiscard]] static constexpr Params<TensorSpec> tensors(const ModelSpec& spec) {
    Params<TensorSpec> norm{.weight = {1, spec.width, init::ones}, .bias = {}};
    if (spec.norm == NormKind::layer) norm.bias = {1, spec.width, init::zeros};
    return norm;
  }

  /// \shape  x [time, width] -> [time, width]
  template <NormKind Kind, class P, class X>
  [[nodiscard]] static X read(const Params<P>& params, const X& x, const ModelSpec& spec) {
    if constexpr (Kind == NormKind::layer) {
      return layer_norm(x, params.weight, params.bias, epsilon_of(spec));
    } else {
      return rms_norm(x, params.weight, epsilon_of(spec));
    }
  }
};

}  // namespace ttt
