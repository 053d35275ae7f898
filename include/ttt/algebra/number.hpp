// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/host_device.hpp>

#include <cmath>
#include <concepts>
#include <type_traits>

namespace ttt {

namespace detail {

/// The floating-point type that a number, view or array is made of; specialised for each.
template <class A>
struct ScalarOf;
template <std::floating_point S>
struct ScalarOf<S> : std::type_identity<S> {};

}  // namespace detail

/// The floating-point type that a number, view or array A is made of.
template <class A>
using Scalar = typename detail::ScalarOf<std::remove_cvref_t<A>>::type;

///@{
/// The functions that operations are written with, for one number. A lane and a Dual have the same.
template <std::floating_point S>
[[nodiscard, gnu::always_inline]] TTT_HD inline S exp(S a) {
  return std::exp(a);
}
template <std::floating_point S>
[[nodiscard, gnu::always_inline]] TTT_HD inline S log(S a) {
  return std::log(a);
}
template <std::floating_point S>
[[nodiscard, gnu::always_inline]] TTT_HD inline S reciprocal(S a) {
  return S(1) / a;
}
template <std::floating_point S>
[[nodiscard, gnu::always_inline]] TTT_HD inline S reciprocal_root(S a) {
  return S(1) / std::sqrt(a);
}
template <std::floating_point S>
[[nodiscard, gnu::always_inline]] TTT_HD inline S square_root(S a) {
  return std::sqrt(a);
}
/// 1 / (1 + exp(-a))
template <std::floating_point S>
[[nodiscard, gnu::always_inline]] TTT_HD inline S logistic(S a) {
  return S(1) / (S(1) + std::exp(-a));
}
/// log(1 + exp(a)), without overflow
template <std::floating_point S>
[[nodiscard, gnu::always_inline]] TTT_HD inline S softplus(S a) {
  return (a > S(0) ? a : S(0)) + std::log1p(std::exp(-std::abs(a)));
}
/// The constant c, as a number of the kind of `a`, whatever the value of `a`
template <std::floating_point S>
[[nodiscard, gnu::always_inline]] TTT_HD inline S constant_like(S /*a*/, S c) {
  return c;
}
/// `a` where `condition` is positive, else `b`
template <std::floating_point S>
[[nodiscard, gnu::always_inline]] TTT_HD inline S where_positive(S condition, S a, S b) {
  return condition > S(0) ? a : b;
}
///@}

}  // namespace ttt
