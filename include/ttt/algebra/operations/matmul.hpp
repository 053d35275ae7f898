// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>
#include <ttt/shape.hpp>

namespace ttt {

/// The matrix product, with the right side as it is or transposed.
///
///   y = a b    or    y = a b^T
///
/// \shape  a [rows, inner], b [inner, cols] or [cols, inner] -> [rows, cols]
/// \throws ShapeError if the inner extents differ.
/// \cost   O(rows * inner * cols); the pullback twice that
template <bool Transpose>
struct Product {
  static constexpr bool remembers = true;

  template <Array A>
  [[nodiscard]] A value(const A& a, const A& b) const {
    const Index inner = Transpose ? cols(b) : rows(b);
    if (cols(a) != inner) {
      expect_shape(Transpose ? "matmul_transposed" : "matmul", "a", value_of(a), {any, inner});
    }
    if constexpr (Transpose) {
      return product<A>(a, transposed(b));
    } else {
      return product<A>(a, b);
    }
  }

  /// The tangent half of `value` by itself.
  template <class S>
  [[nodiscard]] Matrix<S> tangent(const Dual<Matrix<S>>& a, const Dual<Matrix<S>>& b) const {
    Matrix<S> y;
    if constexpr (Transpose) {
      product_into<S>(nullptr, &y, a, transposed(b));
    } else {
      product_into<S>(nullptr, &y, a, b);
    }
    return y;
  }

  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& a, const Input<A>& b) const {
    if constexpr (Transpose) {
      a.add_product(dy, b.value());
      b.add_product(transposed(dy), a.value());
    } else {
      a.add_product(dy, transposed(b.value()));
      b.add_product(transposed(a.value()), dy);
    }
  }
};

/// a b
template <class Left, class Right>
[[nodiscard]] auto matmul(const Left& a, const Right& b) {
  return apply(Product<false>{}, a, b);
}

/// a b^T
template <class Left, class Right>
[[nodiscard]] auto matmul_transposed(const Left& a, const Right& b) {
  return apply(Product<true>{}, a, b);
}

static_assert(Operation<Product<false>>);

}  // namespace ttt
