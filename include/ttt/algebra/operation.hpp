// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/tape.hpp>
#include <ttt/shape.hpp>

#include <concepts>
#include <utility>

namespace ttt {

/// What a tape has to know of an operation.
struct OperationTraits {
  int inputs;             ///< arrays that it is given
  bool remembers = true;  ///< whether its pullback reads the values of inputs and outputs
  bool tangent = false;   ///< whether it has `tangent`: the tangent half of its value by itself
};

namespace detail {

/// A storage that is declared and never used: what concepts try templates with.
struct Archetype {
  using Scalar = float;
  Archetype();
  Archetype(Index rows, Index cols);
  [[nodiscard]] Index rows() const;
  [[nodiscard]] Index cols() const;
};

}  // namespace detail

/// Declared, for concepts to try.
template <>
struct Primitives<detail::Archetype> {
  using Indices = std::vector<Index>;  ///< see Primitives
  ///@{
  /// See Primitives.
  static View<float> view(detail::Archetype& m);
  static View<const float> view(const detail::Archetype& m);
  ///@}
};

namespace detail {

/// T, once for each index.
template <std::size_t, class T>
using Each = T;

template <class Op, class A, std::size_t... I>
using ValueOf = decltype(std::declval<const Op&>().value(std::declval<Each<I, const A&>>()...));

template <class Op, class A, std::size_t... I>
concept PullsOne = requires(const Op& op, const A& a, Each<I, const Input<A>&>... in) {
  op.pullback(a, a, in...);
};
template <class Op, class A, std::size_t... I>
concept PullsSeveral = requires(const Op& op,
                                std::array<const A*, result_count<ValueOf<Op, A, I...>>> all,
                                Each<I, const Input<A>&>... in) {
  op.pullback(all, all, in...);
};
template <class Op, class A, std::size_t... I>
concept OperationOn = requires {
  typename ValueOf<Op, A, I...>;
}
&&(PullsOne<Op, A, I...> || PullsSeveral<Op, A, I...>);

template <class Op, class A, std::size_t... I>
constexpr bool is_operation(std::index_sequence<I...> /*inputs*/) {
  return OperationOn<Op, A, I...>;
}

template <class T>
inline constexpr bool is_var = false;
template <Array A>
inline constexpr bool is_var<Var<A>> = true;

template <class First, class... Others>
auto& tape_of(const First& first, const Others&... /*others*/) {
  return first.tape();
}

///@{
/// The value of an operation on arrays. Where no input has a tangent, the result has none.
template <class Op, Storage M, class... Others>
[[nodiscard]] auto evaluate(const Op& op, const M& first, const Others&... others) {
  return op.value(first, others...);
}
template <class Op, Storage M, class... Others>
[[nodiscard]] auto evaluate(const Op& op, const Dual<M>& first, const Others&... others) {
  using Result = decltype(op.value(first, others...));
  if (has_tangent(first) || (... || has_tangent(others))) return op.value(first, others...);
  std::array<M, result_count<Result>> values;
  put(op.value(first.value, others.value...), std::span<M>(values));
  if constexpr (std::same_as<Result, Dual<M>>) {
    return Result{std::move(values[0]), {}};
  } else {
    Result result;
    for (std::size_t n = 0; n < values.size(); ++n) result[n] = {std::move(values[n]), {}};
    return result;
  }
}
///@}

}  // namespace detail

/// A settings object with the two halves of a differentiable function:
///
///   A value(const A& in...) const
///   void pullback(const A& out, const A& cotangent, const Input<A>& in...) const
///
/// both templates over any Array, so that the value, the gradient and the gradient's derivative are
/// the same few lines. `value` checks shapes and throws before it computes. An operation that
/// returns several arrays returns a std::array of them, and its pullback is given a std::array of
/// pointers to outputs and to cotangents, of which those without elements are zero.
///
/// \law gradient  the pullback equals the difference quotient of the value
/// \law second    over Dual, its tangent half equals the difference quotient of the pullback
/// \law causal    rows of sequences depend on earlier rows only, unless the operation says which
template <class Op>
concept Operation = std::copy_constructible<Op> && requires {
  { Op::traits } -> std::convertible_to<OperationTraits>;
} && detail::is_operation<Op, detail::Archetype>(
    std::make_index_sequence<static_cast<std::size_t>(Op::traits.inputs)>());

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

///@{
/// Extents of the value of a variable.
template <Array A>
[[nodiscard]] Index row_count(const Var<A>& x) {
  return row_count(x.value());
}
template <Array A>
[[nodiscard]] Index col_count(const Var<A>& x) {
  return col_count(x.value());
}
///@}

/// The value of an operation on arrays, or its place on the tape of its arguments.
template <Operation Op, class... Args>
[[nodiscard]] auto apply(const Op& op, const Args&... args) {
  if constexpr ((... && detail::is_var<Args>)) {
    return detail::tape_of(args...).record(op, args...);
  } else {
    return detail::evaluate(op, args...);
  }
}

}  // namespace ttt
