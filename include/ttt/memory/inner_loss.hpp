// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations/activations.hpp>
#include <ttt/algebra/operations/add.hpp>
#include <ttt/algebra/operations/layer_norm.hpp>
#include <ttt/algebra/operations/reconstruction_gradient.hpp>

namespace ttt {

/// The norm behind an inner model, which the inner steps leave as it is.
template <class A>
struct InnerNorm {
  A weight;  ///< [1, heads * head], or without rows where the loss has no norm
  A bias;    ///< likewise

  /// Calls on(name, member...) for each member of trees of one form.
  static constexpr void visit(auto&& on, auto&... trees) {
    on("weight", trees.weight...);
    on("bias", trees.bias...);
  }
};

/// Inner losses: what the steps of an inner model descend. With z = f(k) what the model answers to
/// a key, a loss is a value:
///
///   static constexpr bool normed             whether there is a norm behind the model
///   X gradient(norm, z, k, v, heads)         of the loss with respect to z
///   X answer(norm, q, z, heads)              what the layer makes of z = f(q)
namespace inner_loss {

/// loss = |k + LN(z) - v|^2 / 2, and the answer is q + LN(z)
///
/// \source Sun et al. 2024, arXiv:2407.04620
struct NormedSquares {
  static constexpr bool normed = true;  ///< see inner_loss
  double epsilon = 1e-6;                ///< of the norm

  /// See inner_loss.
  template <class P, class X>
  [[nodiscard]] X gradient(const InnerNorm<P>& norm, const X& z, const X& k, const X& v,
                           Index heads) const {
    return reconstruction_gradient(z, k, v, norm.weight, norm.bias, heads, epsilon);
  }
  /// See inner_loss.
  template <class P, class X>
  [[nodiscard]] X answer(const InnerNorm<P>& norm, const X& q, const X& z, Index heads) const {
    return add(q, layer_norm(z, norm.weight, norm.bias, epsilon, heads));
  }
};

/// loss = |z - v|^2 / 2, and the answer is z: the delta rule, where every chunk is one token
///
/// \source Schlag et al. 2021, "Linear Transformers Are Secretly Fast Weight Programmers",
///         arXiv:2102.11174
struct Squares {
  static constexpr bool normed = false;  ///< see inner_loss

  /// See inner_loss.
  template <class P, class X>
  [[nodiscard]] X gradient(const InnerNorm<P>& /*norm*/, const X& z, const X& /*k*/, const X& v,
                           Index /*heads*/) const {
    return subtract(z, v);
  }
  /// See inner_loss.
  template <class P, class X>
  [[nodiscard]] X answer(const InnerNorm<P>& /*norm*/, const X& /*q*/, const X& z,
                         Index /*heads*/) const {
    return z;
  }
};

/// loss = -(z . v), and the answer is z: linear attention, where the model is linear
///
/// \source Zhang et al. 2025, arXiv:2505.23884
struct InnerProduct {
  static constexpr bool normed = false;  ///< see inner_loss

  /// See inner_loss.
  template <class P, class X>
  [[nodiscard]] X gradient(const InnerNorm<P>& /*norm*/, const X& /*z*/, const X& /*k*/, const X& v,
                           Index /*heads*/) const {
    return times(v, -1);
  }
  /// See inner_loss.
  template <class P, class X>
  [[nodiscard]] X answer(const InnerNorm<P>& /*norm*/, const X& /*q*/, const X& z,
                         Index /*heads*/) const {
    return z;
  }
};

}  // namespace inner_loss

}  // namespace ttt
