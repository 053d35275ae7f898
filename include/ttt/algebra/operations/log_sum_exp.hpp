// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>

#include <utility>

namespace ttt {

/// The soft maximum of a column.
///
///   y = log(sum_t exp(sharpness x_t)) / sharpness
///
/// \shape  x [time, 1], time > 0 -> [1, 1]
/// \throws ShapeError if x is no column.
/// \cost   two passes over x, one in the pullback
struct LogSumExp {
  static constexpr OperationTraits traits{.inputs = 1};  ///< see OperationTraits

  double sharpness = 1;  ///< positive; large for the maximum

  /// The result; shapes are checked first.
  template <Array A>
  [[nodiscard]] A value(const A& x) const {
    expect_shape("log_sum_exp", "x", x, {row_count(x), 1});
    A y = uninitialised<A>(1, 1);
    PrimitivesOf<A>::map_rows(Forward{sharpness}, Rows{1, 1, row_count(x)}, view(y),
                              as_row(view(x)));
    return y;
  }

  /// Adds to the cotangents of the inputs.
  template <Array A>
  void pullback(const A& y, const A& dy, const Input<A>& x) const {
    A dx = x.term();
    PrimitivesOf<A>::map_rows(Backward{sharpness}, Rows{1, 1, x.rows()}, as_row(view(dx)), view(y),
                              view(dy), as_row(view(x.value())));
    x.add(std::move(dx));
  }

 public:  // because kernels of a device are named after them
  struct Forward {
    double sharpness;
    template <class Row, class Y, class X>
    TTT_HD void operator()(const Row& row, const Y& y, const X& x) const {
      using S = Scalar<decltype(x.at(0))>;
      const S sharp = static_cast<S>(sharpness);
      const S largest = row.max(0, row.width, [&](auto i) { return value_of(x[i]); });
      const auto total = row.sum([&](auto i) { return exp((x[i] - largest) * sharp); });
      y.set_at(0, log(total) * (S(1) / sharp) + largest);
    }
  };
  struct Backward {
    double sharpness;
    template <class Row, class Dx, class Y, class Dy, class X>
    TTT_HD void operator()(const Row& row, const Dx& dx, const Y& y, const Dy& dy,
                           const X& x) const {
      using S = Scalar<decltype(x.at(0))>;
      const auto soft = y.at(0);
      const auto g = dy.at(0);
      row.each([&](auto i) { dx.set(i, exp((x[i] - soft) * static_cast<S>(sharpness)) * g); });
    }
  };
};

/// log(sum exp(sharpness x)) / sharpness of a column
template <class X>
[[nodiscard]] auto log_sum_exp(const X& x, double sharpness = 1) {
  return apply(LogSumExp{.sharpness = sharpness}, x);
}

static_assert(Operation<LogSumExp>);

}  // namespace ttt
