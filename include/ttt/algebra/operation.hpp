// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/tape.hpp>

#include <concepts>
#include <memory>
#include <tuple>
#include <utility>

namespace ttt {

/// An array that somebody else owns, as an argument of operations.
template <Array A>
struct Borrowed {
  const A* array = nullptr;
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

template <class S>
bool has_tangent(const Matrix<S>&) {
  return false;
}
template <class S>
bool has_tangent(const Dual<Matrix<S>>& a) {
  return !is_zero(a.tangent);
}

}  // namespace detail

/// Evaluates `op` on values that are on a tape, and records its pullback if any input wants one.
template <class Op, Array A, class... Others>
Var<A> record(const Op& op, const Var<A>& first, const Others&... others) {
  Tape<A>& tape = *first.tape_;
  auto value = tape.evaluate(op, first.value(), others.value()...);
  if (first.node_ == nullptr && (... && (others.node_ == nullptr))) {
    return {&tape, std::move(value), nullptr};
  }
  typename Var<A>::Node* node = tape.append(*value);
  const bool tangents =
      detail::has_tangent(first.value()) || (... || detail::has_tangent(others.value()));
  std::tuple inputs{first, others...};
  std::shared_ptr<const A> output;
  if constexpr (Op::remembers) {
    output = value;
  } else {
    std::apply([](auto&... in) { (in.value_.reset(), ...); }, inputs);
  }
  node->pull = [op, inputs = std::move(inputs), output = std::move(output),
                tangents](const A& cotangent) {
    const A nothing{};
    std::apply(
        [&](const auto&... in) {
          if constexpr (std::same_as<A, Matrix<Scalar<A>>>) {
            op.pullback(output ? *output : nothing, cotangent, in.input()...);
          } else if (tangents) {
            op.pullback(output ? *output : nothing, cotangent, in.input()...);
          } else if (!is_zero(cotangent.tangent)) {
            // Without tangents among the inputs, the tangent half goes back by itself.
            op.pullback(output ? output->value : nothing.value, cotangent.tangent,
                        in.input().tangent_half()...);
          }
        },
        inputs);
  };
  return {&tape, std::move(value), node};
}

/// Rows of an array, or of the value of a variable.
template <Array A>
[[nodiscard]] Index row_count(const A& a) {
  return rows(a);
}
template <Array A>
[[nodiscard]] Index row_count(const Var<A>& a) {
  return rows(a.value());
}

/// The value of an operation on arrays, or its place on the tape of its arguments.
template <Operation Op, class... Args>
[[nodiscard]] auto apply(const Op& op, const Args&... args) {
  if constexpr ((... && detail::is_var<Args>)) {
    return record(op, args...);
  } else {
    return op.value(detail::operand(args)...);
  }
}

}  // namespace ttt
