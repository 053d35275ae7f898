// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>

#include <utility>

namespace ttt {

/// Each head divided by its length.
///
///   y = by x / sqrt(sum(x^2) + epsilon)
///
/// \shape  x [rows, heads * head] -> the shape of x
/// \throws ShapeError if the width of x is no multiple of `heads`.
/// \cost   two passes over x; the pullback three
struct UnitNorm {
  static constexpr OperationTraits traits{.inputs = 1};  ///< see OperationTraits

  Index heads;            ///< that lie side by side
  double by = 1;          ///< the length of the result
  double epsilon = 1e-6;  ///< keeps a head of zeros finite

  /// The result; shapes are checked first.
  template <Array A>
  [[nodiscard]] A value(const A& x) const {
    if (col_count(x) % heads != 0) expect_shape("unit_norm", "x", x, {any_extent, heads});
    A y = uninitialised<A>(row_count(x), col_count(x));
    PrimitivesOf<A>::map_rows(Forward{by, epsilon}, rows(x), view(y), view(x));
    return y;
  }

  /// Adds to the cotangent of the input.
  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& x) const {
    A dx = x.term();
    PrimitivesOf<A>::map_rows(Backward{by, epsilon}, rows(x.value()), view(dx), view(dy),
                              view(x.value()));
    x.add(std::move(dx));
  }

 private:
  template <Array A>
  [[nodiscard]] Rows rows(const A& x) const {
    return {row_count(x), heads, col_count(x) / heads};
  }

  /// 1 / sqrt(sum(x^2) + epsilon)
  template <class Row, class X>
  TTT_HD static auto scale(const Row& row, const X& x, double epsilon) {
    const auto squares = row.sum([&](auto i) { return x[i] * x[i]; });
    return reciprocal_root(squares + Scalar<decltype(squares)>(epsilon));
  }

 public:  // because kernels of a device are named after them
  struct Forward {
    double by, epsilon;
    template <class Row, class Y, class X>
    TTT_HD void operator()(const Row& row, const Y& y, const X& x) const {
      const auto s = scale(row, x, epsilon);
      const auto factor = s * Scalar<decltype(s)>(by);
      row.each([&](auto i) { y.set(i, x[i] * factor); });
    }
  };
  struct Backward {
    double by, epsilon;
    template <class Row, class Dx, class Dy, class X>
    TTT_HD void operator()(const Row& row, const Dx& dx, const Dy& dy, const X& x) const {
      const auto s = scale(row, x, epsilon);
      const auto factor = s * Scalar<decltype(s)>(by);
      const auto along = row.sum([&](auto i) { return x[i] * dy[i]; }) * s * s;
      row.each([&](auto i) { dx.set(i, (dy[i] - x[i] * along) * factor); });
    }
  };
};

/// by x / sqrt(sum(x^2) + epsilon), head by head
template <class X>
[[nodiscard]] auto unit_norm(const X& x, Index heads, double by = 1) {
  return apply(UnitNorm{.heads = heads, .by = by}, x);
}

static_assert(Operation<UnitNorm>);

}  // namespace ttt
