// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/dual.hpp>

#include <utility>

namespace ttt {

/// What an operation computes on: `Matrix<S>`, or `Dual<Matrix<S>>`.
///
/// The functions of this header are the few that know which of the two they were given; operations
/// are written on top of them and do not.
template <class A>
concept Array = std::same_as<A, Matrix<Scalar<A>>> || std::same_as<A, Dual<Matrix<Scalar<A>>>>;

/// Whether a matrix has no elements, which stands for zero everywhere.
template <class S>
[[nodiscard]] bool is_zero(const Matrix<S>& a) {
  return a.size() == 0;
}

///@{
/// Extents. A dual has the shape of whichever half has elements.
template <class S>
[[nodiscard]] Index rows(const Matrix<S>& a) {
  return a.rows();
}
template <class S>
[[nodiscard]] Index cols(const Matrix<S>& a) {
  return a.cols();
}
template <class M>
[[nodiscard]] Index rows(const Dual<M>& a) {
  return is_zero(a.value) ? a.tangent.rows() : a.value.rows();
}
template <class M>
[[nodiscard]] Index cols(const Dual<M>& a) {
  return is_zero(a.value) ? a.tangent.cols() : a.value.cols();
}
///@}

/// An array of [rows, cols] whose elements are still to be written.
template <Array A>
[[nodiscard]] A uninitialised(Index rows, Index cols) {
  using M = Matrix<Scalar<A>>;
  if constexpr (std::same_as<A, M>) {
    return M(rows, cols);
  } else {
    return {M(rows, cols), M(rows, cols)};
  }
}

/// An array of [rows, cols] zeros.
template <Array A>
[[nodiscard]] A zeros(Index rows, Index cols) {
  using M = Matrix<Scalar<A>>;
  if constexpr (std::same_as<A, M>) {
    return M::Zero(rows, cols);
  } else {
    return {M::Zero(rows, cols), M::Zero(rows, cols)};
  }
}

///@{
/// Reads and writes elements by their place in row-major order, `count` of them as a lane.
///
/// A half without elements reads as zeros; an array that is written to has both.
template <class S>
[[nodiscard, gnu::always_inline]] inline Lane<S> load(const Matrix<S>& a, Index at, Index count) {
  return load(a.data() + at, count);
}
template <class S>
[[nodiscard, gnu::always_inline]] inline Dual<Lane<S>> load(const Dual<Matrix<S>>& a, Index at,
                                                            Index count) {
  const auto half = [&](const Matrix<S>& m) {
    return is_zero(m) ? Lane<S>{Eigen::Array<S, Lane<S>::size, 1>::Zero()} : load(m, at, count);
  };
  return {half(a.value), half(a.tangent)};
}
template <class S>
[[gnu::always_inline]] inline void store(const Lane<S>& lane, Matrix<S>& a, Index at, Index count) {
  store(lane, a.data() + at, count);
}
template <class S>
[[gnu::always_inline]] inline void store(const Dual<Lane<S>>& lane, Dual<Matrix<S>>& a, Index at,
                                         Index count) {
  store(lane.value, a.value, at, count);
  store(lane.tangent, a.tangent, at, count);
}
template <class S>
[[nodiscard]] S element(const Matrix<S>& a, Index at) {
  return a.data()[at];
}
template <class S>
[[nodiscard]] Dual<S> element(const Dual<Matrix<S>>& a, Index at) {
  const auto half = [&](const Matrix<S>& m) { return is_zero(m) ? S(0) : element(m, at); };
  return {half(a.value), half(a.tangent)};
}
template <class S>
void set_element(Matrix<S>& a, Index at, S number) {
  a.data()[at] = number;
}
template <class S>
void set_element(Dual<Matrix<S>>& a, Index at, Dual<S> number) {
  a.value.data()[at] = number.value;
  a.tangent.data()[at] = number.tangent;
}
///@}

/// A lane of zeros.
template <Array A>
[[nodiscard, gnu::always_inline]] inline LaneOf<A> zero_lane() {
  using S = Scalar<A>;
  Lane<S> zero{Eigen::Array<S, Lane<S>::size, 1>::Zero()};
  if constexpr (std::same_as<A, Matrix<S>>) {
    return zero;
  } else {
    return {zero, zero};
  }
}

/// The array whose elements are f of the corresponding elements.
template <Array A, class F, class... Others>
[[nodiscard]] A map(F f, const A& a, const Others&... others) {
  A result = uninitialised<A>(rows(a), cols(a));
  for_each_lane<Scalar<A>>(rows(a) * cols(a), [&](Index at, Index count) {
    store(f(load(a, at, count), load(others, at, count)...), result, at, count);
  });
  return result;
}

///@{
/// The result of a function that is linear in all its arguments together, half by half.
template <class F, class S, class... Others>
[[nodiscard]] Matrix<S> linear(F f, const Matrix<S>& a, const Others&... others) {
  return f(a, others...);
}
template <class F, class S, class... Others>
[[nodiscard]] Dual<Matrix<S>> linear(F f, const Dual<Matrix<S>>& a, const Others&... others) {
  using M = Matrix<S>;
  const auto half = [&](auto member) -> M {
    if (is_zero(a.*member) && (... && is_zero(others.*member))) return {};
    const auto filled = [member](const Dual<M>& d) -> M {
      return is_zero(d.*member) ? M(M::Zero(rows(d), cols(d))) : d.*member;
    };
    if (is_zero(a.*member) || (... || is_zero(others.*member))) {
      return f(filled(a), filled(others)...);
    }
    return f(a.*member, others.*member...);
  };
  return {half(&Dual<M>::value), half(&Dual<M>::tangent)};
}
///@}

/// A copy of the block of [row_count, col_count] at (row, col).
template <Array A>
[[nodiscard]] A block(const A& a, Index row, Index col, Index row_count, Index col_count) {
  return linear(
      [&]<class S>(const Matrix<S>& m) {
        return Matrix<S>(m.block(row, col, row_count, col_count));
      },
      a);
}

///@{
/// Adds `part` to the block of `whole` at (row, col); every half of `whole` has its elements.
template <class S>
void add_block(Matrix<S>& whole, Index row, Index col, const Matrix<S>& part) {
  if (!is_zero(part)) whole.block(row, col, part.rows(), part.cols()) += part;
}
template <class S>
void add_block(Dual<Matrix<S>>& whole, Index row, Index col, const Dual<Matrix<S>>& part) {
  add_block(whole.value, row, col, part.value);
  add_block(whole.tangent, row, col, part.tangent);
}
///@}

}  // namespace ttt
