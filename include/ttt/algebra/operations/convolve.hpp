// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>
#include <ttt/shape.hpp>

#include <algorithm>
#include <utility>

namespace ttt {

/// Causal convolution along the rows, each column with weights of its own.
///
///   y_t = sum_k w_k x_(t - k),    k = 0 .. taps - 1
///
/// The first `before` rows of x are the past: they are seen and have no result. Rows before the
/// first are zero.
///
/// \shape  x [before + time, width], w [taps, width] -> [time, width]
/// \throws ShapeError if the widths differ or x has fewer than `before` rows.
/// \cost   O(time * taps * width); the pullback twice that
struct Convolve {
  static constexpr bool remembers = true;

  Index before;  ///< rows of the past

  template <Array A>
  [[nodiscard]] A value(const A& x, const A& w) const {
    expect_shape("convolve", "w", value_of(w), {any, cols(x)});
    if (rows(x) < before) expect_shape("convolve", "x", value_of(x), {before, any});
    const Index width = cols(x);
    A y = uninitialised<A>(rows(x) - before, width);
    for (Index t = before; t < rows(x); ++t) {
      for_each_lane<Scalar<A>>(width, [&](Index i, Index count) {
        LaneOf<A> sum = zero_lane<A>();
        for (Index k = 0; k < std::min(rows(w), t + 1); ++k) {
          sum = sum + load(w, k * width + i, count) * load(x, (t - k) * width + i, count);
        }
        store(sum, y, (t - before) * width + i, count);
      });
    }
    return y;
  }

  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& x, const Input<A>& w) const {
    const Index width = cols(x.value());
    A dx = zeros<A>(rows(x.value()), width);
    A dw = zeros<A>(rows(w.value()), width);
    for (Index t = before; t < rows(x.value()); ++t) {
      for_each_lane<Scalar<A>>(width, [&](Index i, Index count) {
        const LaneOf<A> g = load(dy, (t - before) * width + i, count);
        for (Index k = 0; k < std::min(rows(w.value()), t + 1); ++k) {
          const Index in_w = k * width + i;
          const Index in_x = (t - k) * width + i;
          store(load(dx, in_x, count) + g * load(w.value(), in_w, count), dx, in_x, count);
          store(load(dw, in_w, count) + g * load(x.value(), in_x, count), dw, in_w, count);
        }
      });
    }
    if (x.wanted()) x.add(std::move(dx));
    if (w.wanted()) w.add(std::move(dw));
  }
};

/// The causal convolution of all rows of x but the first `before`, which are the past.
template <class X, class W>
[[nodiscard]] auto convolve(const X& x, const W& w, Index before) {
  return apply(Convolve{.before = before}, x, w);
}

static_assert(Operation<Convolve>);

}  // namespace ttt
