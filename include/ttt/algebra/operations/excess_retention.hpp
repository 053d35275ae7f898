// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>

namespace ttt {

/// By how much the retained weight of earlier rows exceeds a capacity, column by column.
///
///   y_t = max(0, sum_{i <= t - delay} beta_i^(t - i) - capacity),    x_i = log beta_i
///
/// Where x is as large as zero, the sum is the number of rows.
///
/// \shape  x [time, cols] -> [time, cols]
/// \cost   O(time^2 * cols), and as much in the pullback; nothing of [time, time] is stored
/// \source Bui et al. 2025, "Cache What Lasts: Token Retention for Memory-Bounded KV Cache in
///         LLMs", arXiv:2512.03324, for the hinge; the delay is ours
struct ExcessRetention {
  static constexpr OperationTraits traits{.inputs = 1};  ///< see OperationTraits

  Index delay = 0;      ///< rows that an earlier row is behind at least; not negative
  double capacity = 0;  ///< in rows of weight 1

  /// The result.
  template <Array A>
  [[nodiscard]] A value(const A& x) const {
    A y = uninitialised<A>(row_count(x), col_count(x));
    PrimitivesOf<A>::map_rows(Forward{delay, capacity}, Rows{row_count(x), 1, col_count(x)},
                              view(y), view(x));
    return y;
  }

  /// Adds to the cotangents of the inputs.
  template <Array A>
  void pullback(const A& y, const A& dy, const Input<A>& x) const {
    A dx = x.term();
    PrimitivesOf<A>::map_rows(Backward{delay, x.rows()}, Rows{x.rows(), 1, x.cols()}, view(dx),
                              view(x.value()), view(y), view(dy));
    x.add(std::move(dx));
  }

 public:  // because kernels of a device are named after them
  struct Forward {
    Index delay;
    double capacity;
    template <class Row, class Y, class X>
    TTT_HD void operator()(const Row& row, const Y& y, const X& x) const {
      using S = Scalar<decltype(x.at(0))>;
      row.each([&](auto i) {
        auto sum = constant_like(x[i], S(-capacity));
        for (Index age = delay; age <= row.index; ++age) {
          sum = sum + exp(x.up(age)[i] * static_cast<S>(age));
        }
        y.set(i, where_positive(value_of(sum), sum, constant_like(sum, S(0))));
      });
    }
  };
  /// Row i of x weighs in the results of rows i + delay and later.
  struct Backward {
    Index delay, time;
    template <class Row, class Dx, class X, class Y, class Dy>
    TTT_HD void operator()(const Row& row, const Dx& dx, const X& x, const Y& y,
                           const Dy& dy) const {
      using S = Scalar<decltype(x.at(0))>;
      row.each([&](auto i) {
        auto sum = constant_like(x[i], S(0));
        for (Index age = delay; row.index + age < time; ++age) {
          const auto g = dy.up(-age)[i];
          const auto felt = where_positive(value_of(y.up(-age)[i]), g, constant_like(g, S(0)));
          const auto old = static_cast<S>(age);
          sum = sum + exp(x[i] * old) * felt * old;
        }
        dx.set(i, sum);
      });
    }
  };
};

/// The weight of earlier rows above a capacity; x are logarithms of retentions.
template <class X>
[[nodiscard]] auto excess_retention(const X& x, Index delay, double capacity) {
  return apply(ExcessRetention{.delay = delay, .capacity = capacity}, x);
}

static_assert(Operation<ExcessRetention>);

}  // namespace ttt
