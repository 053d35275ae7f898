// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>

#include <utility>

namespace ttt {

/// The matrix product, head by head, of arrays whose heads lie side by side in their columns.
///
///   y_h = a_h b_h,  a_h^T b_h  or  a_h b_h^T
///
/// \shape  a [rows, heads * inner], b [inner, heads * cols] -> [rows, heads * cols]; of a side that
///         is flipped the two extents of every head change places
/// \throws ShapeError if a width is no multiple of `heads`, or the inner extents differ.
/// \cost   O(rows * inner * cols * heads); the pullback twice that
struct HeadProduct {
  static constexpr OperationTraits traits{.inputs = 2};  ///< see OperationTraits

  Index heads;             ///< of equal width in each array
  Flip flip = Flip::none;  ///< the side that is transposed

  /// The result; shapes are checked first.
  template <Array A>
  [[nodiscard]] A value(const A& a, const A& b) const {
    expect_shapes(a, b);
    const Index height = flip == Flip::left ? col_count(a) / heads : row_count(a);
    const Index width = flip == Flip::right ? row_count(b) : col_count(b) / heads;
    A y = uninitialised<A>(height, heads * width);
    for (Index h = 0; h < heads; ++h) {
      gemm<StorageOf<A>>(head(view(y), h), head(view(a), h), head(view(b), h), flip, false);
    }
    return y;
  }

  /// Adds to the cotangents of the inputs.
  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& a, const Input<A>& b) const {
    using M = StorageOf<A>;
    const auto da = a.sum();
    const auto db = b.sum();
    for (Index h = 0; h < heads; ++h) {
      const auto left = head(view(a.value()), h);
      const auto right = head(view(b.value()), h);
      const auto g = head(view(dy), h);
      if (flip == Flip::none) {
        gemm<M>(head(da, h), g, right, Flip::right);
        gemm<M>(head(db, h), left, g, Flip::left);
      } else if (flip == Flip::left) {
        gemm<M>(head(da, h), right, g, Flip::right);
        gemm<M>(head(db, h), left, g, Flip::none);
      } else {
        gemm<M>(head(da, h), g, right, Flip::none);
        gemm<M>(head(db, h), g, left, Flip::left);
      }
    }
  }

 private:
  template <class V>
  [[nodiscard]] V head(const V& v, Index h) const {
    const Index width = col_count(v) / heads;
    return block(v, 0, h * width, row_count(v), width);
  }

  template <Array A>
  void expect_shapes(const A& a, const A& b) const {
    if (col_count(a) % heads != 0) expect_shape("matmul_heads", "a", a, {any_extent, heads});
    if (col_count(b) % heads != 0) expect_shape("matmul_heads", "b", b, {any_extent, heads});
    if (flip == Flip::none) {
      expect_shape("matmul_heads", "b", b, {col_count(a) / heads, any_extent});
    } else if (flip == Flip::left) {
      expect_shape("matmul_heads", "b", b, {row_count(a), any_extent});
    } else {
      expect_shape("matmul_heads", "b", b, {any_extent, col_count(a)});
    }
  }
};

/// Each head multiplied by a number of its own, for all rows the same or in each row another.
///
///   y_th = by s_th x_th
///
/// \shape  x [rows, heads * head], s [1, heads] or [rows, heads] -> the shape of x
/// \throws ShapeError if s has other rows, or the width of x is no multiple of its width.
/// \cost   one pass over x; the pullback two
struct ScaleHeads {
  static constexpr OperationTraits traits{.inputs = 2};  ///< see OperationTraits

  double by = 1;  ///< a constant for all of them

  /// The result; shapes are checked first.
  template <Array A>
  [[nodiscard]] A value(const A& x, const A& s) const {
    if (row_count(s) != 1) expect_shape("scale_heads", "s", s, {row_count(x), any_extent});
    if (col_count(s) == 0 || col_count(x) % col_count(s) != 0) {
      expect_shape("scale_heads", "s", s, {1, col_count(x)});
    }
    A y = uninitialised<A>(row_count(x), col_count(x));
    scale(y, x, s);
    return y;
  }

  /// Adds to the cotangents of the inputs.
  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& x, const Input<A>& s) const {
    if (x.wanted()) {
      A dx = x.term();
      scale(dx, dy, s.value());
      x.add(std::move(dx));
    }
    if (!s.wanted()) return;
    const auto all = rows(dy, s.value());
    const auto ds = as_column(s.sum());
    if (s.rows() == 1) {
      PrimitivesOf<A>::map_rows(Backward{by, 0}, all, Sum{ds}, view(dy), view(x.value()));
    } else {
      PrimitivesOf<A>::map_rows(Backward{by, s.cols()}, all, Shared{ds}, view(dy), view(x.value()));
    }
  }

 private:
  template <Array A>
  [[nodiscard]] static Rows rows(const A& x, const A& s) {
    return {row_count(x), col_count(s), col_count(x) / col_count(s)};
  }
  template <Array A>
  void scale(A& y, const A& x, const A& s) const {
    PrimitivesOf<A>::map_rows(Forward{by, row_count(s) == 1 ? 0 : col_count(s)}, rows(x, s),
                              view(y), view(x), Shared{as_column(view(s))});
  }

 public:  // because kernels of a device are named after them
  struct Forward {
    double by;
    Index stride;  ///< numbers from one row to the next
    template <class Row, class Y, class X, class Factors>
    TTT_HD void operator()(const Row& row, const Y& y, const X& x, const Factors& s) const {
      const auto number = s.up(-row.index * stride - row.group).at(0);
      const auto factor = number * Scalar<decltype(number)>(by);
      row.each([&](auto i) { y.set(i, x[i] * factor); });
    }
  };
  struct Backward {
    double by;
    Index stride;  ///< numbers from one row to the next
    template <class Row, class Ds, class Dy, class X>
    TTT_HD void operator()(const Row& row, const Ds& ds, const Dy& dy, const X& x) const {
      const auto along = row.sum([&](auto i) { return x[i] * dy[i]; });
      ds.up(-row.index * stride - row.group).add_at(0, along * Scalar<decltype(along)>(by));
    }
  };
};

/// The product of each head of a with the head of b, of which one may be transposed.
template <class Left, class Right>
[[nodiscard]] auto matmul_heads(const Left& a, const Right& b, Index heads,
                                Flip flip = Flip::none) {
  return apply(HeadProduct{.heads = heads, .flip = flip}, a, b);
}

/// by s_h x_h for each head h, or by s_th x_th; a single s scales the whole.
template <class X, class Factors>
[[nodiscard]] auto scale_heads(const X& x, const Factors& s, double by = 1) {
  return apply(ScaleHeads{.by = by}, x, s);
}

static_assert(Operation<HeadProduct> && Operation<ScaleHeads>);

}  // namespace ttt
