// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>

#include <utility>

namespace ttt {

/// What the steps of a chunk's tokens count when the n-th token is read, so that their sum is a
/// running mean, each share moved by what is learned of its place.
///
///   y_t = max(0, 1 / n + d_t),    n = first + t + 1
///
/// \shape  d [rows, 1] -> [rows, 1]
/// \cost   one pass, and one in the pullback
/// \source Sun et al. 2024, "Learning to (Learn at Test Time)", arXiv:2407.04620, its code
struct StepShares {
  static constexpr OperationTraits traits{.inputs = 1};  ///< see OperationTraits

  Index first;  ///< tokens of the chunk before the first row

  /// The result; shapes are checked first.
  template <Array A>
  [[nodiscard]] A value(const A& d) const {
    expect_shape("step_shares", "d", d, {any_extent, 1});
    A y = uninitialised<A>(row_count(d), 1);
    PrimitivesOf<A>::map_rows(Forward{first}, Rows{row_count(d), 1, 1}, view(y), view(d));
    return y;
  }

  /// Adds to the cotangent of the input.
  template <Array A>
  void pullback(const A& y, const A& dy, const Input<A>& d) const {
    A dd = d.term();
    PrimitivesOf<A>::map_rows(Backward{}, Rows{row_count(y), 1, 1}, view(dd), view(dy), view(y));
    d.add(std::move(dd));
  }

 public:  // because kernels of a device are named after them
  struct Forward {
    Index first;
    template <class Row, class Y, class D>
    TTT_HD void operator()(const Row& row, const Y& y, const D& d) const {
      const auto moved = d.at(0);
      using S = Scalar<decltype(moved)>;
      const auto share = moved + S(1) / S(first + row.index + 1);
      y.set_at(0, where_positive(value_of(share), share, constant_like(share, S(0))));
    }
  };
  struct Backward {
    template <class Row, class Dd, class Dy, class Y>
    TTT_HD void operator()(const Row& /*row*/, const Dd& dd, const Dy& dy, const Y& y) const {
      const auto cotangent = dy.at(0);
      dd.set_at(0, where_positive(value_of(y.at(0)), cotangent,
                                  constant_like(cotangent, Scalar<decltype(cotangent)>(0))));
    }
  };
};

/// max(0, 1 / n + d) for the n-th tokens of a chunk, of which `first` come before the rows of d.
template <class D>
[[nodiscard]] auto step_shares(const D& d, Index first) {
  return apply(StepShares{.first = first}, d);
}

static_assert(Operation<StepShares>);

}  // namespace ttt
