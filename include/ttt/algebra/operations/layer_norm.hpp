// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>
#include <ttt/shape.hpp>

#include <utility>

namespace ttt {

/// Normalisation of each group of a row to mean 0 and variance 1, one weight and one bias per place
/// in the group.
///
///   y = w (x - mean(x)) / sqrt(var(x) + epsilon) + b
///
/// A weight as wide as x makes each row one group; a weight as wide as a head normalises heads.
///
/// \shape  x [rows, groups * width], w and b [1, width] -> the shape of x
/// \throws ShapeError if the width of x is no multiple of the width of w, or b has another shape
///         than w.
/// \cost   three passes over x; the pullback four
/// \source Ba et al. 2016, "Layer Normalization", arXiv:1607.06450
struct LayerNorm {
  static constexpr bool remembers = true;

  /// Keeps the scale of a group of equal numbers finite; as in the code of arXiv:2603.06642.
  double epsilon = 1e-5;

  template <Array A>
  [[nodiscard]] A value(const A& x, const A& w, const A& b) const {
    const Index width = cols(w);
    if (rows(w) != 1 || width == 0 || cols(x) % width != 0) {
      expect_shape("layer_norm", "weight", value_of(w), {1, cols(x)});
    }
    expect_shape("layer_norm", "bias", value_of(b), {1, width});
    A y = uninitialised<A>(rows(x), cols(x));
    for (Index at = 0; at < rows(x) * cols(x); at += width) {
      const auto [mean, scale] = moments(x, at, width);
      for_each_lane<Scalar<A>>(width, [&](Index i, Index count) {
        store((load(x, at + i, count) - mean) * scale * load(w, i, count) + load(b, i, count), y,
              at + i, count);
      });
    }
    return y;
  }

  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& x, const Input<A>& w,
                const Input<A>& b) const {
    using Lane = LaneOf<A>;
    const Index width = cols(w.value());
    const auto share = Scalar<A>(1) / Scalar<A>(width);
    A dx = uninitialised<A>(rows(dy), cols(dy));
    A dw = zeros<A>(1, width);
    A db = zeros<A>(1, width);
    for (Index at = 0; at < rows(dy) * cols(dy); at += width) {
      const auto [mean, scale] = moments(x.value(), at, width);
      const auto normal = [&](Index i, Index count) {
        return (load(x.value(), at + i, count) - mean) * scale;
      };
      Lane along_one = zero_lane<A>();
      Lane along_normal = zero_lane<A>();
      for_each_lane<Scalar<A>>(width, [&](Index i, Index count) {
        const Lane n = normal(i, count);
        const Lane g = load(dy, at + i, count);
        const Lane gw = g * load(w.value(), i, count);
        along_one = along_one + gw;
        along_normal = along_normal + gw * n;
        store(load(dw, i, count) + g * n, dw, i, count);
        store(load(db, i, count) + g, db, i, count);
      });
      const NumberOf<A> one = sum(along_one) * share;
      const NumberOf<A> other = sum(along_normal) * share;
      for_each_lane<Scalar<A>>(width, [&](Index i, Index count) {
        const Lane gw = load(dy, at + i, count) * load(w.value(), i, count);
        store((gw - one - normal(i, count) * other) * scale, dx, at + i, count);
      });
    }
    if (x.wanted()) x.add(std::move(dx));
    if (w.wanted()) w.add(std::move(dw));
    if (b.wanted()) b.add(std::move(db));
  }

 private:
  template <Array A>
  struct Moments {
    NumberOf<A> mean;
    NumberOf<A> scale;  ///< 1 / sqrt(var + epsilon)
  };

  template <Array A>
  [[nodiscard]] Moments<A> moments(const A& x, Index at, Index width) const {
    using S = Scalar<A>;
    const S share = S(1) / S(width);
    LaneOf<A> lanes = zero_lane<A>();
    for_each_lane<S>(width, [&](Index i, Index count) { lanes = lanes + load(x, at + i, count); });
    const ttt::NumberOf<A> mean = sum(lanes) * share;
    LaneOf<A> squares = zero_lane<A>();
    ttt::NumberOf<A> tail{};
    for_each_lane<S>(width, [&](Index i, Index count) {
      const LaneOf<A> off = load(x, at + i, count) - mean;
      if (count == Lane<S>::size) {
        squares = squares + off * off;
      } else {
        tail = sum_first(off * off, count);
      }
    });
    const ttt::NumberOf<A> variance = (sum(squares) + tail) * share;
    return {mean, reciprocal_root(variance + static_cast<S>(epsilon))};
  }
};

/// w (x - mean(x)) / sqrt(var(x) + 1e-5) + b, over groups as wide as w
template <class X, class W, class B>
[[nodiscard]] auto layer_norm(const X& x, const W& w, const B& b) {
  return apply(LayerNorm{}, x, w, b);
}

static_assert(Operation<LayerNorm>);

}  // namespace ttt
