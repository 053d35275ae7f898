// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>

namespace ttt {

/// The matrix product, with the right side as it is or transposed.
///
///   y = a b    or    y = a b^T
///
/// \shape  a [rows, inner], b [inner, cols] or [cols, inner] -> [rows, cols]
/// \throws ShapeError if the inner extents differ.
/// \cost   O(rows * inner * cols); the pullback twice that
struct MatMul {
  /// See OperationTraits.
  static constexpr OperationTraits traits{.inputs = 2, .tangent = true};

  Flip flip = Flip::none;  ///< none or right

  /// The result; shapes are checked first.
  template <Array A>
  [[nodiscard]] A value(const A& a, const A& b) const {
    const Index inner = flip == Flip::right ? col_count(b) : row_count(b);
    if (col_count(a) != inner) {
      expect_shape(flip == Flip::right ? "matmul_transposed" : "matmul", "a", a,
                   {any_extent, inner});
    }
    return multiply<A>(view(a), view(b), flip);
  }

  /// The tangent half of `value` by itself.
  template <Storage M>
  [[nodiscard]] M tangent(const Dual<M>& a, const Dual<M>& b) const {
    const auto [rows, cols] = product_shape(view(a), view(b), flip);
    M y(rows, cols);
    gemm<M>(Dual<View<Scalar<M>>>{{}, view(y)}, view(a), view(b), flip, false);
    return y;
  }

  /// Adds to the cotangents of the inputs.
  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& a, const Input<A>& b) const {
    if (flip == Flip::right) {
      a.add_product(view(dy), view(b.value()));
      b.add_product(view(dy), view(a.value()), Flip::left);
    } else {
      a.add_product(view(dy), view(b.value()), Flip::right);
      b.add_product(view(a.value()), view(dy), Flip::left);
    }
  }
};

/// a b
template <class Left, class Right>
[[nodiscard]] auto matmul(const Left& a, const Right& b) {
  return apply(MatMul{}, a, b);
}

/// a b^T
template <class Left, class Right>
[[nodiscard]] auto matmul_transposed(const Left& a, const Right& b) {
  return apply(MatMul{.flip = Flip::right}, a, b);
}

static_assert(Operation<MatMul>);

}  // namespace ttt
