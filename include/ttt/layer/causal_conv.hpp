// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/layer/layer.hpp>
#include <ttt/layer/short_conv.hpp>

namespace ttt {

/// A causal convolution: each feature of a token is mixed with the same feature of the tokens
/// before it. Few taps give an attention layer above what came just before each key; many, that
/// start as averages, what the last sentences were about. Neither takes an attention head.
///
///   y_t = sum_k w_k x_(t - k),    k = 0 .. Taps - 1
///
/// \shape  x [time, width] -> [time, width]
/// \cost   O(time * Taps * width)
/// \source Fu et al. 2023, "Hungry Hungry Hippos: Towards Language Modeling with State Space
///         Models", arXiv:2212.14052, for short ones beside attention; Ma et al. 2022, "Mega:
///         Moving Average Equipped Gated Attention", arXiv:2209.10655, for averages under it
template <Index Taps>
struct CausalConv {
  static_assert(Taps > 0, "a convolution must have a tap");

  static constexpr LayerTraits traits{};  ///< reads may end anywhere
  using Extras = NoExtras;                ///< none

  bool averages = false;   ///< whether the taps start as moving averages, or as the spec's matrices
  Bias bias = Bias::none;  ///< of each feature
  PartNames names{"conv_norm", "conv", "conv_post_norm"};  ///< in files

  /// One weight for each tap and feature, and the bias.
  template <class A>
  using Params = ShortConv::Params<A>;

  /// The tokens that the next ones still see.
  template <class A>
  struct State {
    A past;  ///< [at most Taps - 1, width]

    /// Calls on(name, member...) for each member of trees of one form.
    static constexpr void visit(auto&& on, auto&... trees) { on("past", trees.past...); }
  };

  /// What the parameters are.
  [[nodiscard]] constexpr Params<TensorSpec> tensors(const ModelSpec& spec) const {
    Params<TensorSpec> all = ShortConv{.taps = Taps, .bias = bias}.tensors(spec.width);
    all.weight = matrix_spec(spec.init, Taps, spec.width);
    if (averages) all.weight.init = init::averages;
    return all;
  }

  /// Throws ShapeError unless `state` can be that of `position`.
  template <class M>
  void validate(const State<M>& state, Index position, const ModelSpec& spec) const {
    ShortConv{.taps = Taps}.validate("CausalConv", "past", state.past, position, spec.width);
  }

  /// Reads the rows of x; see Layer.
  template <class P, class X, class C>
  [[nodiscard]] X read(const Params<P>& params, State<X>& state, const X& x,
                       const C& /*context*/) const {
    return ShortConv::read(params, state.past, x);
  }
};

static_assert(Layer<CausalConv<4>>);

}  // namespace ttt
