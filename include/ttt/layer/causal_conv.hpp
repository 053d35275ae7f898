// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/layer/layer.hpp>

#include <algorithm>

namespace ttt {

/// A causal convolution: each feature of a token is mixed with the same feature of the tokens
/// before it. Few taps tell an attention layer above what came just before each key; many, that
/// start as averages, what the last sentences were about. Neither takes an attention head.
///
///   y_t = sum_k w_k x_(t - k),    k = 0 .. Taps - 1
///
/// \shape  x [time, width] -> [time, width]
/// \cost   O(time * Taps * width)
/// \source Fu et al. 2023, "Hungry Hungry Hippos: Towards Language Modeling with State Space
///         Models", arXiv:2212.14052, for short ones beside attention; Ma et al. 2022, "Mega:
///         Moving Average Equipped Gated Attention", arXiv:2209.10655, for averages under it
template <Index Taps, Start Begin = Start::normal>
struct CausalConv {
  static_assert(Taps > 0, "a convolution must have a tap");

  static constexpr PartNames names{"conv_norm", "conv", "conv_post_norm"};

  /// One weight for each tap and feature.
  template <class A>
  struct Params {
    A taps;  ///< [Taps, width], the present token's first

    static void visit(auto&& on, auto&... trees) { on("weight", trees.taps...); }
  };

  /// The tokens that the next ones still see.
  template <class A>
  struct State {
    A past;  ///< [at most Taps - 1, width]

    static void visit(auto&& on, auto&... trees) { on("past", trees.past...); }
  };

  template <ModelSpec Spec>
  [[nodiscard]] static Params<TensorSpec> tensors() {
    return {.taps = {Taps, Spec.width, Begin}};
  }

  /// Throws ShapeError unless `state` can be what is kept at `position`.
  template <ModelSpec Spec, class M>
  static void expect(const State<M>& state, Index position) {
    const Index kept = std::min(position, Taps - 1);
    expect_shape("CausalConv", "past", state.past, {kept, kept == 0 ? any : Spec.width});
  }

  template <ModelSpec Spec, class P, class X>
  [[nodiscard]] static X read(const Params<P>& params, State<X>& state, const X& x,
                              const Pass<X>& /*pass*/) {
    const Index before = row_count(state.past);
    const X run = append_rows(std::move(state.past), x);
    const Index kept = std::min(row_count(run), Taps - 1);
    state.past = take_rows(run, row_count(run) - kept, kept);
    return convolve(run, params.taps, before);
  }
};

static_assert(Layer<CausalConv<4>>);

}  // namespace ttt
