// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/tape.hpp>

#include <concepts>
#include <utility>

namespace ttt {

/// An array that somebody else owns, as an argument of operations.
template <Array A>
struct Borrowed {
  const A* array = nullptr;  ///< outlives this
};

/// A settings object with the two halves of a differentiable function:
///
///   A value(const A& in...) const
///   void pullback(const A& out, const A& cotangent, const Input<A>& in...) const
///
/// both written for any Array, so that the value, the gradient and the gradient's derivative are
/// the same few lines. `value` checks shapes and throws before it computes. `remembers` says
/// whether the pullback reads the values of inputs and output; what it does not read is not kept.
/// An operation whose value is dear may also have
///
///   Matrix<S> tangent(const Dual<Matrix<S>>& in...) const
///
/// the tangent half of `value`, for where the value half is known.
///
/// \law gradient  the pullback equals the difference quotient of the value
/// \law second    over Dual, its tangent half equals the difference quotient of the pullback
/// \law causal    rows of sequences depend on earlier rows only, unless the operation says which
template <class Op>
concept Operation = std::copy_constructible<Op> && requires {
  { Op::remembers } -> std::convertible_to<bool>;
};

namespace detail {

template <class T>
inline constexpr bool is_var = false;
template <Array A>
inline constexpr bool is_var<Var<A>> = true;

template <Array A>
const A& operand(const A& a) {
  return a;
}
template <Array A>
const A& operand(const Borrowed<A>& a) {
  return *a.array;
}

template <Array A, class... Others>
Tape<A>& tape_of(const Var<A>& first, const Others&... /*others*/) {
  return first.tape();
}

}  // namespace detail

///@{
/// An array, or the value of a variable.
template <Array A>
[[nodiscard]] const A& array_of(const A& a) {
  return a;
}
template <Array A>
[[nodiscard]] const A& array_of(const Var<A>& a) {
  return a.value();
}
///@}

/// Rows of an array, or of the value of a variable.
template <class X>
[[nodiscard]] Index row_count(const X& x) {
  return rows(array_of(x));
}

/// The value of an operation on arrays, or its place on the tape of its arguments.
template <Operation Op, class... Args>
[[nodiscard]] auto apply(const Op& op, const Args&... args) {
  if constexpr ((... && detail::is_var<Args>)) {
    return detail::tape_of(args...).record(op, args...);
  } else {
    return detail::evaluate(op, detail::operand(args)...);
  }
}

}  // namespace ttt
