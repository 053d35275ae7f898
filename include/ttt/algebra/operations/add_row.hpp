// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>

namespace ttt {

/// One row added to every row: a bias.
///
///   y_t = x_t + b
///
/// \shape  x [rows, cols], b [1, cols] -> [rows, cols]
/// \throws ShapeError if b has another shape.
/// \cost   one pass, and one in the pullback
struct AddRow {
  /// See OperationTraits.
  static constexpr OperationTraits traits{.inputs = 2, .remembers = false};

  /// The result; shapes are checked first.
  template <Array A>
  [[nodiscard]] A value(const A& x, const A& b) const {
    expect_shape("add_row", "b", b, {1, col_count(x)});
    A y = uninitialised<A>(row_count(x), col_count(x));
    PrimitivesOf<A>::map_rows(Forward{}, rows(x), view(y), view(x), view(b));
    return y;
  }

  /// Adds to the cotangents of the inputs.
  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& x, const Input<A>& b) const {
    x.add(dy);
    if (b.wanted()) PrimitivesOf<A>::map_rows(Backward{}, rows(dy), Sum{b.sum()}, view(dy));
  }

 private:
  template <Array A>
  [[nodiscard]] static Rows rows(const A& x) {
    return {row_count(x), 1, col_count(x)};
  }

 public:  // because kernels of a device are named after them
  struct Forward {
    template <class Row, class Y, class X, class B>
    TTT_HD void operator()(const Row& row, const Y& y, const X& x, const B& b) const {
      row.each([&](auto i) { y.set(i, x[i] + b[i]); });
    }
  };
  struct Backward {
    template <class Row, class Db, class Dy>
    TTT_HD void operator()(const Row& row, const Db& db, const Dy& dy) const {
      row.each([&](auto i) { db.add(i, dy[i]); });
    }
  };
};

/// The sum of all rows.
///
///   y = sum of x_t
///
/// \shape  x [rows, cols] -> [1, cols]
/// \cost   one pass, and one in the pullback
struct SumRows {
  /// See OperationTraits.
  static constexpr OperationTraits traits{.inputs = 1, .remembers = false};

  /// The result.
  template <Array A>
  [[nodiscard]] A value(const A& x) const {
    A y = zeros<A>(1, col_count(x));
    PrimitivesOf<A>::map_rows(AddRow::Backward{}, Rows{row_count(x), 1, col_count(x)}, Sum{view(y)},
                              view(x));
    return y;
  }

  /// Adds to the cotangent of the input.
  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& x) const {
    if (!x.wanted()) return;
    PrimitivesOf<A>::map_rows(AddRow::Backward{}, Rows{x.rows(), 1, x.cols()}, x.sum(), view(dy));
  }
};

/// x + b, the row b added to every row of x
template <class X, class B>
[[nodiscard]] auto add_row(const X& x, const B& b) {
  return apply(AddRow{}, x, b);
}

/// The sum of all rows of x
template <class X>
[[nodiscard]] auto sum_rows(const X& x) {
  return apply(SumRows{}, x);
}

/// x + b, or x where b has no rows: a bias that may be left out.
template <class X, class B>
[[nodiscard]] X add_bias(const X& x, const B& b) {
  return row_count(b) == 0 ? x : X(add_row(x, b));
}

static_assert(Operation<AddRow> && Operation<SumRows>);

}  // namespace ttt
