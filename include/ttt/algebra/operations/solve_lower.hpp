// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>

#include <utility>

namespace ttt {

/// The solution of triangular systems with ones on the diagonal, head by head, by substitution.
///
///   (I + a_h) x_h = b_h,    only what is below the diagonal of a_h counts
///
/// \shape  a [rows, heads * rows], b [rows, heads * cols] -> [rows, heads * cols]
/// \throws ShapeError if a has another shape, or the width of b is no multiple of `heads`.
/// \cost   O(rows^2 * cols * heads); the pullback twice that
/// \law    causal: row t of the result depends on rows up to t
struct SolveLower {
  static constexpr OperationTraits traits{.inputs = 2};  ///< see OperationTraits

  Index heads = 1;  ///< that lie side by side

  /// The result; shapes are checked first.
  template <Array A>
  [[nodiscard]] A value(const A& a, const A& b) const {
    expect_shape("solve_lower", "a", a, {row_count(b), heads * row_count(b)});
    if (col_count(b) % heads != 0) expect_shape("solve_lower", "b", b, {row_count(b), heads});
    A x = uninitialised<A>(row_count(b), col_count(b));
    solve<Forward>(x, a, b);
    return x;
  }

  /// Adds to the cotangents of the inputs.
  template <Array A>
  void pullback(const A& x, const A& dx, const Input<A>& a, const Input<A>& b) const {
    A db = uninitialised<A>(row_count(x), col_count(x));
    solve<Backward>(db, a.value(), dx);
    if (a.wanted()) {
      const Index rows = row_count(x);
      const Index width = col_count(x) / heads;
      A outer = uninitialised<A>(rows, heads * rows);
      for (Index h = 0; h < heads; ++h) {
        gemm<StorageOf<A>>(block(view(outer), 0, h * rows, rows, rows),
                           block(view(std::as_const(db)), 0, h * width, rows, width),
                           block(view(x), 0, h * width, rows, width), Flip::right, false);
      }
      PrimitivesOf<A>::map_rows(Below{}, Rows{rows, heads, rows}, a.sum(),
                                view(std::as_const(outer)));
    }
    b.add(std::move(db));
  }

 private:
  template <class Walk, Array A>
  void solve(A& x, const A& a, const A& b) const {
    PrimitivesOf<A>::map_rows(Walk{heads, row_count(b)}, Rows{1, heads, col_count(b) / heads},
                              view(x), Shared{as_column(view(a))}, view(b));
  }

 public:  // because kernels of a device are named after them
  /// x_t = b_t - sum of a_ts x_s over s < t
  struct Forward {
    Index heads, rows;
    template <class Row, class X, class Elements, class B>
    TTT_HD void operator()(const Row& row, const X& x, const Elements& a, const B& b) const {
      row.each([&](auto i) {
        for (Index t = 0; t < rows; ++t) {
          auto sum = b.up(-t)[i];
          const auto line = a.up(-(t * heads + row.group) * rows);
          for (Index s = 0; s < t; ++s) sum = sum - x.up(-s)[i] * line.up(-s).at(0);
          x.up(-t).set(i, sum);
        }
      });
    }
  };
  /// The same of the transposed system: x_t = b_t - sum of a_st x_s over s > t
  struct Backward {
    Index heads, rows;
    template <class Row, class X, class Elements, class B>
    TTT_HD void operator()(const Row& row, const X& x, const Elements& a, const B& b) const {
      row.each([&](auto i) {
        for (Index t = rows; t-- > 0;) {
          auto sum = b.up(-t)[i];
          const auto from = a.up(-(row.group * rows + t));
          for (Index s = t + 1; s < rows; ++s) {
            sum = sum - x.up(-s)[i] * from.up(-s * heads * rows).at(0);
          }
          x.up(-t).set(i, sum);
        }
      });
    }
  };
  /// Subtracts what is below the diagonal.
  struct Below {
    template <class Row, class Da, class Outer>
    TTT_HD void operator()(const Row& row, const Da& da, const Outer& outer) const {
      row.each(0, row.index, [&](auto i) { da.add(i, outer[i] * Scalar<decltype(outer[i])>(-1)); });
    }
  };
};

/// The solution x of (I + a) x = b, head by head; only what is below the diagonal of a counts.
template <class Left, class Right>
[[nodiscard]] auto solve_lower(const Left& a, const Right& b, Index heads) {
  return apply(SolveLower{.heads = heads}, a, b);
}

static_assert(Operation<SolveLower>);

}  // namespace ttt
