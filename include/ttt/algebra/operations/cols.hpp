// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations/rows.hpp>

namespace ttt {

/// The columns from `first` on, `count` of them: one of several projections that one product made.
///
/// \shape  x [rows, cols] -> [rows, count]
/// \throws ShapeError if x has fewer than first + count columns.
struct TakeCols {
  /// See OperationTraits.
  static constexpr OperationTraits traits{.inputs = 1, .remembers = false};

  Index first;  ///< column of x
  Index count;  ///< columns

  /// The result; shapes are checked first.
  template <Array A>
  [[nodiscard]] A value(const A& x) const {
    if (first < 0 || count < 0 || first + count > col_count(x)) {
      expect_shape("take_cols", "x", x, {row_count(x), first + count});
    }
    return detail::map_halves(
        [&]<class M>(const M& half) {
          M part(half.rows(), count);
          Primitives<M>::map(detail::Copy{}, view(part), columns(view(half)));
          return part;
        },
        x);
  }

  /// Adds to the cotangent of the input.
  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& x) const {
    if (x.wanted()) detail::add_rows(columns(x.sum()), 0, dy);
  }

 private:
  template <class V>
  [[nodiscard]] V columns(const V& all) const {
    return block(all, 0, first, row_count(all), count);
  }
};

/// Columns first .. first + count - 1.
template <class X>
[[nodiscard]] auto take_cols(const X& x, Index first, Index count) {
  return apply(TakeCols{.first = first, .count = count}, x);
}

static_assert(Operation<TakeCols>);

}  // namespace ttt
