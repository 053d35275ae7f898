// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/lane.hpp>

#include <concepts>
#include <type_traits>

namespace ttt {

/// A number and its derivative along one direction.
///
/// N is a scalar, a lane or a matrix. Of a matrix either half may have no elements: it is then
/// zero everywhere, and nothing is computed with it.
template <class N>
struct Dual {
  N value;    ///< the number
  N tangent;  ///< its derivative
};

namespace detail {

template <class A>
struct ScalarOf;
template <std::floating_point S>
struct ScalarOf<S> : std::type_identity<S> {};
template <class S>
struct ScalarOf<Lane<S>> : std::type_identity<S> {};
template <class S>
struct ScalarOf<Matrix<S>> : std::type_identity<S> {};
template <class N>
struct ScalarOf<Dual<N>> : ScalarOf<N> {};

/// The number that an element of the array A is, and the lane of such numbers.
template <class A>
struct NumberOf;
template <class S>
struct NumberOf<Matrix<S>> {
  using One = S;
  using Many = Lane<S>;
};
template <class S>
struct NumberOf<Dual<Matrix<S>>> {
  using One = Dual<S>;
  using Many = Dual<Lane<S>>;
};

}  // namespace detail

/// The floating-point type that a scalar, lane or array A is made of.
template <class A>
using Scalar = typename detail::ScalarOf<A>::type;
/// One element of the array A, both halves of a dual's.
template <class A>
using NumberOf = typename detail::NumberOf<A>::One;
/// Neighbouring elements of the array A.
template <class A>
using LaneOf = typename detail::NumberOf<A>::Many;

/// What arithmetic is defined on: a scalar or a lane.
template <class N>
concept Number = std::floating_point<N> || std::same_as<N, Lane<Scalar<N>>>;

/// Both halves are of one type.
template <class X>
Dual(X, X) -> Dual<X>;

///@{
/// A rule of differentiation: what the function does to both halves. X and Y are scalars or lanes.
template <Number X, Number Y>
[[nodiscard, gnu::always_inline]] inline auto operator+(const Dual<X>& a, const Dual<Y>& b) {
  return Dual{a.value + b.value, a.tangent + b.tangent};
}
template <Number X, Number Y>
[[nodiscard, gnu::always_inline]] inline auto operator-(const Dual<X>& a, const Dual<Y>& b) {
  return Dual{a.value - b.value, a.tangent - b.tangent};
}
template <Number X, Number Y>
[[nodiscard, gnu::always_inline]] inline auto operator*(const Dual<X>& a, const Dual<Y>& b) {
  return Dual{a.value * b.value, a.tangent * b.value + a.value * b.tangent};
}
template <Number X>
[[nodiscard, gnu::always_inline]] inline Dual<X> operator+(const Dual<X>& a, Scalar<X> b) {
  return {a.value + b, a.tangent};
}
template <Number X>
[[nodiscard, gnu::always_inline]] inline Dual<X> operator-(const Dual<X>& a, Scalar<X> b) {
  return {a.value - b, a.tangent};
}
template <Number X>
[[nodiscard, gnu::always_inline]] inline Dual<X> operator*(const Dual<X>& a, Scalar<X> b) {
  return {a.value * b, a.tangent * b};
}
template <Number X>
[[nodiscard, gnu::always_inline]] inline Dual<X> operator-(Scalar<X> a, const Dual<X>& b) {
  return {a - b.value, b.tangent * Scalar<X>(-1)};
}

template <Number X>
[[nodiscard, gnu::always_inline]] inline Dual<X> exp(const Dual<X>& a) {
  const X e = exp(a.value);
  return {e, e * a.tangent};
}
template <Number X>
[[nodiscard, gnu::always_inline]] inline Dual<X> logistic(const Dual<X>& a) {
  const X s = logistic(a.value);
  return {s, s * (Scalar<X>(1) - s) * a.tangent};
}
template <Number X>
[[nodiscard, gnu::always_inline]] inline Dual<X> reciprocal_root(const Dual<X>& a) {
  const X r = reciprocal_root(a.value);
  return {r, Scalar<X>(-0.5) * r * r * r * a.tangent};
}
template <Number X>
[[nodiscard, gnu::always_inline]] inline Dual<X> reciprocal(const Dual<X>& a) {
  const X r = reciprocal(a.value);
  return {r, -r * r * a.tangent};
}
template <Number X>
[[nodiscard, gnu::always_inline]] inline Dual<X> log(const Dual<X>& a) {
  return {log(a.value), a.tangent * reciprocal(a.value)};
}
template <class S>
[[nodiscard, gnu::always_inline]] inline Dual<S> sum(const Dual<Lane<S>>& a) {
  return {sum(a.value), sum(a.tangent)};
}
template <class S>
[[nodiscard, gnu::always_inline]] inline Dual<S> sum_first(const Dual<Lane<S>>& a, Index count) {
  return {sum_first(a.value, count), sum_first(a.tangent, count)};
}
///@}

///@{
/// The value half of a number; the number itself where there is no other half.
template <class N>
[[nodiscard]] const N& value_of(const N& a) {
  return a;
}
template <class N>
[[nodiscard]] const N& value_of(const Dual<N>& a) {
  return a.value;
}
///@}

}  // namespace ttt
