// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/context.hpp>
#include <ttt/shape.hpp>

#include <algorithm>

namespace ttt {

/// Whether a linear map has a bias.
enum class Bias {
  none,     ///< it has none
  learned,  ///< a row, which is a parameter and starts at zero
};

/// The causal convolution of x behind the inputs before it, of which `past` stores those that the
/// next ones still see.
///
/// \shape  past [at most taps - 1, width], x [time, width], taps [taps, width] -> [time, width]
template <class X, class W>
[[nodiscard]] X convolve_behind(X& past, const X& x, const W& taps) {
  const Index before = row_count(past);
  const X run = append_rows(past, x);
  const Index stored = std::min(row_count(run), row_count(taps) - 1);
  past = take_rows(run, row_count(run) - stored, stored);
  return convolve(run, taps, before);
}

/// A causal convolution of few taps, each feature by itself, as a part of a layer: between a
/// projection and what reads it.
///
///   y_t = sum_k w_k x_(t - k) + b,    k = 0 .. taps - 1
///
/// \source Gu and Dao 2023, "Mamba: Linear-Time Sequence Modeling with Selective State Spaces",
///         arXiv:2312.00752
struct ShortConv {
  Index taps = 4;             ///< tokens that are seen, the present one included
  Bias bias = Bias::learned;  ///< of each feature

  /// A weight for each tap and feature, and the bias.
  template <class A>
  struct Params {
    A weight;  ///< [taps, width], the present token's first
    A bias;    ///< [1, width], or without rows

    /// Calls on(name, member...) for each member of trees of one form.
    static constexpr void visit(auto&& on, auto&... trees) {
      on("weight", trees.weight...);
      on("bias", trees.bias...);
    }
  };

  /// What the parameters are.
  [[nodiscard]] constexpr Params<TensorSpec> tensors(Index width) const {
    Params<TensorSpec> all{.weight = {taps, width, init::of_taps(taps)}, .bias = {}};
    if (bias == Bias::learned) all.bias = {1, width, init::zeros};
    return all;
  }

  /// Throws ShapeError unless `past` can be what the convolution stores at `position`.
  template <class M>
  void validate(const char* layer, const char* name, const M& past, Index position,
                Index width) const {
    expect_rows(layer, name, past, std::min(position, taps - 1), width);
  }

  /// \shape  past [at most taps - 1, width], x [time, width] -> [time, width]
  template <class P, class X>
  [[nodiscard]] static X read(const Params<P>& params, X& past, const X& x) {
    return add_bias(convolve_behind(past, x, params.weight), params.bias);
  }
};

}  // namespace ttt
