// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>

#include <utility>

namespace ttt {

/// Each head divided by its length: of every row, or of the matrix of all rows.
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
  bool matrices = false;  ///< whether the sum is over all rows

  /// The result; shapes are checked first.
  template <Array A>
  [[nodiscard]] A value(const A& x) const {
    if (col_count(x) % heads != 0) expect_shape("unit_norm", "x", x, {any_extent, heads});
    A y = uninitialised<A>(row_count(x), col_count(x));
    PrimitivesOf<A>::map_rows(Forward{summed(x), by, epsilon}, rows(x), view(y), view(x));
    return y;
  }

  /// Adds to the cotangent of the input.
  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& x) const {
    A dx = x.term();
    PrimitivesOf<A>::map_rows(Backward{summed(dy), by, epsilon}, rows(dy), view(dx), view(dy),
                              view(x.value()));
    x.add(std::move(dx));
  }

 private:
  /// Rows whose squares are summed up.
  template <Array A>
  [[nodiscard]] Index summed(const A& x) const {
    return matrices ? row_count(x) : 1;
  }
  template <Array A>
  [[nodiscard]] Rows rows(const A& x) const {
    return {matrices ? 1 : row_count(x), heads, col_count(x) / heads};
  }

  /// The sum over rows of the sums of f(i, row above).
  template <class Row, class F>
  TTT_HD static auto sum(const Row& row, Index rows, F&& f) {
    auto total = row.sum([&](auto i) { return f(i, Index{0}); });
    for (Index t = 1; t < rows; ++t) {
      total = total + row.sum([&](auto i) { return f(i, -t); });
    }
    return total;
  }
  /// 1 / sqrt(sum(x^2) + epsilon)
  template <class Row, class X>
  TTT_HD static auto scale(const Row& row, Index rows, const X& x, double epsilon) {
    const auto squares =
        sum(row, rows, [&](auto i, Index up) { return x.up(up)[i] * x.up(up)[i]; });
    return reciprocal_root(squares + Scalar<decltype(squares)>(epsilon));
  }

 public:  // because kernels of a device are named after them
  struct Forward {
    Index rows;
    double by, epsilon;
    template <class Row, class Y, class X>
    TTT_HD void operator()(const Row& row, const Y& y, const X& x) const {
      const auto s = scale(row, rows, x, epsilon);
      const auto factor = s * Scalar<decltype(s)>(by);
      for (Index t = 0; t < rows; ++t) {
        row.each([&](auto i) { y.up(-t).set(i, x.up(-t)[i] * factor); });
      }
    }
  };
  struct Backward {
    Index rows;
    double by, epsilon;
    template <class Row, class Dx, class Dy, class X>
    TTT_HD void operator()(const Row& row, const Dx& dx, const Dy& dy, const X& x) const {
      const auto s = scale(row, rows, x, epsilon);
      const auto factor = s * Scalar<decltype(s)>(by);
      const auto products =
          sum(row, rows, [&](auto i, Index up) { return x.up(up)[i] * dy.up(up)[i]; });
      const auto along = products * s * s;
      for (Index t = 0; t < rows; ++t) {
        row.each([&](auto i) { dx.up(-t).set(i, (dy.up(-t)[i] - x.up(-t)[i] * along) * factor); });
      }
    }
  };
};

/// by x / sqrt(sum(x^2) + epsilon), head by head of every row
template <class X>
[[nodiscard]] auto unit_norm(const X& x, Index heads, double by = 1) {
  return apply(UnitNorm{.heads = heads, .by = by}, x);
}

/// Each head's matrix of all rows divided by its norm.
template <class X>
[[nodiscard]] auto unit_matrix(const X& x, Index heads) {
  return apply(UnitNorm{.heads = heads, .epsilon = 1e-14, .matrices = true}, x);
}

static_assert(Operation<UnitNorm>);

}  // namespace ttt
