// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/number.hpp>

#include <concepts>
#include <type_traits>

namespace ttt {

/// A number and its derivative along one direction.
///
/// N is a number, a view or an array. Of a view or an array either half may have no elements: it is
/// then zero everywhere, and nothing is computed with it.
template <class N>
struct Dual {
  N value;    ///< the number
  N tangent;  ///< its derivative
};

/// Both halves are of one type.
template <class X>
Dual(X, X) -> Dual<X>;

namespace detail {

template <class N>
struct ScalarOf<Dual<N>> : ScalarOf<N> {};

template <class N>
inline constexpr bool is_dual = false;
template <class N>
inline constexpr bool is_dual<Dual<N>> = true;

/// Whether arithmetic is defined on N: true of scalars, of a storage's lanes, and of their duals.
template <class N>
inline constexpr bool is_number = std::floating_point<N>;
template <class N>
inline constexpr bool is_number<Dual<N>> = is_number<N>;

}  // namespace detail

/// What arithmetic is defined on: a scalar, a lane of a storage, or a dual of either. The dual of a
/// dual has a second derivative.
template <class N>
concept Number = detail::is_number<N>;

///@{
/// A rule of differentiation: what the function does to both halves.
template <Number X, Number Y>
[[nodiscard, gnu::always_inline]] TTT_HD inline auto operator+(const Dual<X>& a, const Dual<Y>& b) {
  return Dual{a.value + b.value, a.tangent + b.tangent};
}
template <Number X, Number Y>
[[nodiscard, gnu::always_inline]] TTT_HD inline auto operator-(const Dual<X>& a, const Dual<Y>& b) {
  return Dual{a.value - b.value, a.tangent - b.tangent};
}
template <Number X, Number Y>
[[nodiscard, gnu::always_inline]] TTT_HD inline auto operator*(const Dual<X>& a, const Dual<Y>& b) {
  return Dual{a.value * b.value, a.tangent * b.value + a.value * b.tangent};
}
template <Number X>
[[nodiscard, gnu::always_inline]] TTT_HD inline Dual<X> operator+(const Dual<X>& a, Scalar<X> b) {
  return {a.value + b, a.tangent};
}
template <Number X>
[[nodiscard, gnu::always_inline]] TTT_HD inline Dual<X> operator-(const Dual<X>& a, Scalar<X> b) {
  return {a.value - b, a.tangent};
}
template <Number X>
[[nodiscard, gnu::always_inline]] TTT_HD inline Dual<X> operator*(const Dual<X>& a, Scalar<X> b) {
  return {a.value * b, a.tangent * b};
}
template <Number X>
[[nodiscard, gnu::always_inline]] TTT_HD inline Dual<X> operator-(Scalar<X> a, const Dual<X>& b) {
  return {a - b.value, b.tangent * Scalar<X>(-1)};
}
template <Number X>
[[nodiscard, gnu::always_inline]] TTT_HD inline Dual<X> exp(const Dual<X>& a) {
  const X e = exp(a.value);
  return {e, e * a.tangent};
}
template <Number X>
[[nodiscard, gnu::always_inline]] TTT_HD inline Dual<X> log(const Dual<X>& a) {
  return {log(a.value), a.tangent * reciprocal(a.value)};
}
template <Number X>
[[nodiscard, gnu::always_inline]] TTT_HD inline Dual<X> reciprocal(const Dual<X>& a) {
  const X r = reciprocal(a.value);
  return {r, r * r * a.tangent * Scalar<X>(-1)};
}
template <Number X>
[[nodiscard, gnu::always_inline]] TTT_HD inline Dual<X> reciprocal_root(const Dual<X>& a) {
  const X r = reciprocal_root(a.value);
  return {r, r * r * r * a.tangent * Scalar<X>(-0.5)};
}
template <Number X>
[[nodiscard, gnu::always_inline]] TTT_HD inline Dual<X> logistic(const Dual<X>& a) {
  const X s = logistic(a.value);
  return {s, s * (Scalar<X>(1) - s) * a.tangent};
}
template <Number X>
[[nodiscard, gnu::always_inline]] TTT_HD inline Dual<X> softplus(const Dual<X>& a) {
  return {softplus(a.value), logistic(a.value) * a.tangent};
}
template <Number X>
[[nodiscard, gnu::always_inline]] TTT_HD inline Dual<X> constant_like(const Dual<X>& a,
                                                                      Scalar<X> c) {
  return {constant_like(a.value, c), constant_like(a.tangent, Scalar<X>(0))};
}
template <Number X>
[[nodiscard, gnu::always_inline]] TTT_HD inline Dual<X> where_positive(const X& condition,
                                                                       const Dual<X>& a,
                                                                       const Dual<X>& b) {
  return {where_positive(condition, a.value, b.value),
          where_positive(condition, a.tangent, b.tangent)};
}
template <Number X>
[[nodiscard, gnu::always_inline]] TTT_HD inline Dual<X> where_positive(const Dual<X>& condition,
                                                                       const Dual<X>& a,
                                                                       const Dual<X>& b) {
  return where_positive(condition.value, a, b);
}
///@}

///@{
/// The value half of a number, view or array; the argument itself where there is no other half.
template <class N>
[[nodiscard]] TTT_HD constexpr const N& value_of(const N& a) {
  return a;
}
template <class N>
[[nodiscard]] TTT_HD constexpr const N& value_of(const Dual<N>& a) {
  return a.value;
}
///@}

}  // namespace ttt
