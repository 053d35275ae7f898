// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>

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
  static constexpr OperationTraits traits{.inputs = 2};  ///< see OperationTraits

  Index before;  ///< rows of the past

  /// The result; shapes are checked first.
  template <Array A>
  [[nodiscard]] A value(const A& x, const A& w) const {
    expect_shape("convolve", "w", w, {any_extent, col_count(x)});
    if (row_count(x) < before) expect_shape("convolve", "x", x, {before, any_extent});
    const Index time = row_count(x) - before;
    A y = uninitialised<A>(time, col_count(x));
    PrimitivesOf<A>::map_rows(Forward{before, row_count(w)}, Rows{time, 1, col_count(x)}, view(y),
                              block(view(x), before, 0, time, col_count(x)), Shared{view(w)});
    return y;
  }

  /// Adds to the cotangents of the inputs.
  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& x, const Input<A>& w) const {
    const Index time = row_count(dy);
    if (x.wanted()) {
      PrimitivesOf<A>::map_rows(ToX{before, w.rows(), time}, Rows{x.rows(), 1, x.cols()}, x.sum(),
                                Shared{view(dy)}, Shared{view(w.value())});
    }
    if (w.wanted()) {
      PrimitivesOf<A>::map_rows(ToW{before, w.rows()}, Rows{time, 1, x.cols()}, Sum{w.sum()},
                                view(dy), block(view(x.value()), before, 0, time, x.cols()));
    }
  }

 public:  // because kernels of a device are named after them
  struct Forward {
    Index before, taps;
    template <class Row, class Y, class X, class W>
    TTT_HD void operator()(const Row& row, const Y& y, const X& x, const W& w) const {
      const Index count = taps < row.index + before + 1 ? taps : row.index + before + 1;
      row.each([&](auto i) {
        auto sum = w[i] * x[i];
        for (Index k = 1; k < count; ++k) sum = sum + w.up(-k)[i] * x.up(k)[i];
        y.set(i, sum);
      });
    }
  };
  /// Row s of x is seen by the results of rows s .. s + taps - 1.
  struct ToX {
    Index before, taps, time;
    template <class Row, class Dx, class Dy, class W>
    TTT_HD void operator()(const Row& row, const Dx& dx, const Dy& dy, const W& w) const {
      const Index first = row.index < before ? before - row.index : 0;
      for (Index k = first; k < taps && row.index + k - before < time; ++k) {
        const auto g = dy.up(before - row.index - k);
        const auto weight = w.up(-k);
        row.each([&](auto i) { dx.add(i, g[i] * weight[i]); });
      }
    }
  };
  struct ToW {
    Index before, taps;
    template <class Row, class Dw, class Dy, class X>
    TTT_HD void operator()(const Row& row, const Dw& dw, const Dy& dy, const X& x) const {
      for (Index k = 0; k < taps && k <= row.index + before; ++k) {
        const auto past = x.up(k);
        const auto sum = dw.up(-k);
        row.each([&](auto i) { sum.add(i, dy[i] * past[i]); });
      }
    }
  };
};

/// The causal convolution of all rows of x but the first `before`, which are the past.
template <class X, class W>
[[nodiscard]] auto convolve(const X& x, const W& w, Index before) {
  return apply(Convolve{.before = before}, x, w);
}

static_assert(Operation<Convolve>);

}  // namespace ttt
