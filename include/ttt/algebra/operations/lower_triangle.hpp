// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>

#include <utility>

namespace ttt {

/// Squares that lie side by side, without what is above their diagonals: of the products of all
/// queries with all keys of a chunk, those that are causal.
///
///   y_ts = x_ts + plus    for s <= t, else 0
///
/// \shape  x [rows, heads * rows] -> the shape of x
/// \throws ShapeError if the width is no multiple of the rows.
/// \cost   one pass, and one in the pullback
struct LowerTriangle {
  /// See OperationTraits.
  static constexpr OperationTraits traits{.inputs = 1, .remembers = false};

  double plus = 0;  ///< a constant

  /// The result; shapes are checked first.
  template <Array A>
  [[nodiscard]] A value(const A& x) const {
    const Index rows = row_count(x);
    if (rows == 0 || col_count(x) % rows != 0) {
      expect_shape("lower_triangle", "x", x, {rows, rows});
    }
    return masked(Keep{plus}, x);
  }

  /// Adds to the cotangent of the input.
  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& x) const {
    if (x.wanted()) x.add(masked(Keep{0}, dy));
  }

 private:
  template <class F, Array A>
  [[nodiscard]] static A masked(const F& f, const A& x) {
    const Index rows = row_count(x);
    A y = uninitialised<A>(rows, col_count(x));
    PrimitivesOf<A>::map_rows(f, Rows{rows, col_count(x) / rows, rows}, view(y), view(x));
    return y;
  }

 public:  // because kernels of a device are named after them
  struct Keep {
    double plus;
    template <class Row, class Y, class X>
    TTT_HD void operator()(const Row& row, const Y& y, const X& x) const {
      const Index count = row.index + 1;
      row.each(0, count, [&](auto i) { y.set(i, x[i] + Scalar<decltype(x[i])>(plus)); });
      row.each(count, row.width - count,
               [&](auto i) { y.set(i, constant_like(x[i], Scalar<decltype(x[i])>(0))); });
    }
  };
};

/// x + plus on and below the diagonals of squares that lie side by side, 0 above.
template <class X>
[[nodiscard]] auto lower_triangle(const X& x, double plus = 0) {
  return apply(LowerTriangle{.plus = plus}, x);
}

static_assert(Operation<LowerTriangle>);

}  // namespace ttt
