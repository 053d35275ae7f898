// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>
#include <ttt/shape.hpp>

namespace ttt {

/// Root-mean-square normalisation of each group of a row, one weight per place in the group.
///
///   y = w x / sqrt(mean(x^2) + epsilon)
///
/// A weight as wide as x makes each row one group; a weight as wide as a head normalises heads.
///
/// \shape  x [rows, groups * width], w [1, width] -> the shape of x
/// \throws ShapeError if the width of x is no multiple of the width of w.
/// \cost   two passes over x; the pullback three
/// \source Zhang and Sennrich 2019, "Root Mean Square Layer Normalization", arXiv:1910.07467
struct RmsNorm {
  static constexpr bool remembers = true;

  /// Keeps the scale of a group of zeros finite; as in the code of arXiv:2512.23675.
  double epsilon = 1e-6;

  template <Array A>
  [[nodiscard]] A value(const A& x, const A& w) const {
    const Index width = cols(w);
    if (rows(w) != 1 || width == 0 || cols(x) % width != 0) {
      expect_shape("rms_norm", "weight", value_of(w), {1, cols(x)});
    }
    A y = uninitialised<A>(rows(x), cols(x));
    for (Index at = 0; at < rows(x) * cols(x); at += width) {
      const NumberOf<A> scale = inverse_root(x, at, width);
      for_each_lane<Scalar<A>>(width, [&](Index i, Index count) {
        store(load(x, at + i, count) * scale * load(w, i, count), y, at + i, count);
      });
    }
    return y;
  }

  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& x, const Input<A>& w) const {
    using Lane = LaneOf<A>;
    const Index width = cols(w.value());
    A dx = uninitialised<A>(rows(dy), cols(dy));
    A dw = zeros<A>(1, width);
    for (Index at = 0; at < rows(dy) * cols(dy); at += width) {
      const NumberOf<A> scale = inverse_root(x.value(), at, width);
      Lane dot = zero_lane<A>();
      for_each_lane<Scalar<A>>(width, [&](Index i, Index count) {
        const Lane normal = load(x.value(), at + i, count) * scale;
        const Lane g = load(dy, at + i, count);
        dot = dot + g * load(w.value(), i, count) * normal;
        store(load(dw, i, count) + g * normal, dw, i, count);
      });
      const NumberOf<A> mean = sum(dot) * (Scalar<A>(1) / Scalar<A>(width));
      for_each_lane<Scalar<A>>(width, [&](Index i, Index count) {
        const Lane normal = load(x.value(), at + i, count) * scale;
        const Lane g = load(dy, at + i, count) * load(w.value(), i, count);
        store((g - normal * mean) * scale, dx, at + i, count);
      });
    }
    if (x.wanted()) x.add(std::move(dx));
    if (w.wanted()) w.add(std::move(dw));
  }

 private:
  template <Array A>
  [[nodiscard]] NumberOf<A> inverse_root(const A& x, Index at, Index width) const {
    LaneOf<A> squares = zero_lane<A>();
    for_each_lane<Scalar<A>>(width, [&](Index i, Index count) {
      const LaneOf<A> lane = load(x, at + i, count);
      squares = squares + lane * lane;
    });
    return reciprocal_root(sum(squares) * (Scalar<A>(1) / Scalar<A>(width)) +
                           static_cast<Scalar<A>>(epsilon));
  }
};

/// w x / sqrt(mean(x^2) + 1e-6), over groups as wide as w
template <class X, class W>
[[nodiscard]] auto rms_norm(const X& x, const W& w) {
  return apply(RmsNorm{}, x, w);
}

static_assert(Operation<RmsNorm>);

}  // namespace ttt
