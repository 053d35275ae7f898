// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/array.hpp>

#include <utility>

namespace ttt {

/// An array seen transposed, without a copy.
template <Array A>
struct Transposed {
  const A& array;  ///< outlives this
};

/// An array as the side of a product that is to be transposed.
template <Array A>
[[nodiscard]] Transposed<A> transposed(const A& a) {
  return {a};
}

namespace detail {

template <class T>
inline constexpr bool is_transposed = false;
template <Array A>
inline constexpr bool is_transposed<Transposed<A>> = true;

template <class S>
const Matrix<S>& value_half(const Matrix<S>& a) {
  return a;
}
template <class S>
const Matrix<S>& value_half(const Dual<Matrix<S>>& a) {
  return a.value;
}
template <class S>
const Matrix<S>& tangent_half(const Dual<Matrix<S>>& a) {
  return a.tangent;
}
template <Array A>
auto value_half(const Transposed<A>& a) {
  return value_half(a.array).transpose();
}
template <Array A>
auto tangent_half(const Transposed<A>& a) {
  return tangent_half(a.array).transpose();
}

/// Adds left * right to a target, which may still be without elements.
template <class S, class Left, class Right>
void accumulate(Matrix<S>& target, const Left& left, const Right& right) {
  if (left.size() == 0 || right.size() == 0) return;
  if (is_zero(target)) {
    target.noalias() = left * right;
  } else {
    target.noalias() += left * right;
  }
}

template <class S>
void add_rows(Matrix<S>& target, const Matrix<S>& from, Index first, Index count) {
  if (is_zero(target)) {
    target = from.middleRows(first, count);
  } else {
    target += from.middleRows(first, count);
  }
}

/// One matrix on top of another.
template <class S>
[[nodiscard]] Matrix<S> stacked(const Matrix<S>& top, const Matrix<S>& bottom) {
  Matrix<S> both(top.rows() + bottom.rows(), top.cols());
  both << top, bottom;
  return both;
}

}  // namespace detail

/// Adds the product of two arrays, either of them `transposed`, to a target.
template <class S, class Left, class Right>
void product_into(Matrix<S>* target, const Left& left, const Right& right) {
  if (target != nullptr) {
    detail::accumulate(*target, detail::value_half(left), detail::value_half(right));
  }
}

/// The same for duals. A half without a target is not computed.
///
///   value    l r
///   tangent  l r' + l' r
///
/// Where l and l' meet the same r they are stacked and multiplied at once, and where both terms of
/// the tangent are sums over the same rows they are one sum over twice as many: a chunk is short,
/// and a product of twice the rows is faster than two.
template <class S, class Left, class Right>
void product_into(Matrix<S>* value, Matrix<S>* tangent, const Left& left, const Right& right) {
  const auto& l = detail::value_half(left);
  const auto& dl = detail::tangent_half(left);
  const auto& r = detail::value_half(right);
  const auto& dr = detail::tangent_half(right);
  if constexpr (detail::is_transposed<Left>) {
    if (value != nullptr) detail::accumulate(*value, l, r);
    if (tangent == nullptr) return;
    if (l.size() > 0 && dl.size() > 0 && r.size() > 0 && dr.size() > 0) {
      detail::accumulate(*tangent,
                         detail::stacked(left.array.value, left.array.tangent).transpose(),
                         detail::stacked(right.tangent, right.value));
      return;
    }
    detail::accumulate(*tangent, dl, r);
  } else if (value != nullptr && tangent != nullptr && l.size() > 0 && dl.size() > 0 &&
             r.size() > 0) {
    Matrix<S> both;
    both.noalias() = detail::stacked(l, dl) * r;
    detail::add_rows(*value, both, 0, l.rows());
    detail::add_rows(*tangent, both, l.rows(), l.rows());
  } else {
    if (value != nullptr) detail::accumulate(*value, l, r);
    if (tangent == nullptr) return;
    detail::accumulate(*tangent, dl, r);
  }
  detail::accumulate(*tangent, l, dr);
}

/// The product of two arrays, either of them `transposed`.
template <Array A, class Left, class Right>
[[nodiscard]] A product(const Left& left, const Right& right) {
  A result;
  if constexpr (std::same_as<A, Matrix<Scalar<A>>>) {
    product_into(&result, left, right);
  } else {
    product_into(&result.value, &result.tangent, left, right);
  }
  return result;
}

}  // namespace ttt
