// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/matrix.hpp>

#include <cmath>

namespace ttt {

/// Neighbouring elements of an array, computed on as if they were one number.
///
/// Elementwise operations are written once over lanes: Eigen turns each line into vector
/// instructions, and the last, shorter lane of an array takes the same path as the others, so an
/// element's bits do not depend on where it stands.
template <class S>
struct Lane {
  static constexpr Index size = 16;  ///< elements; ours
  Eigen::Array<S, size, 1> x;        ///< beyond the end of an array, what zeros became

  ///@{
  /// Element by element; a scalar is the same for all.
  [[gnu::always_inline]] friend Lane operator+(const Lane& a, const Lane& b) { return {a.x + b.x}; }
  [[gnu::always_inline]] friend Lane operator-(const Lane& a, const Lane& b) { return {a.x - b.x}; }
  [[gnu::always_inline]] friend Lane operator*(const Lane& a, const Lane& b) { return {a.x * b.x}; }
  [[gnu::always_inline]] friend Lane operator+(const Lane& a, S b) { return {a.x + b}; }
  [[gnu::always_inline]] friend Lane operator-(const Lane& a, S b) { return {a.x - b}; }
  [[gnu::always_inline]] friend Lane operator*(const Lane& a, S b) { return {a.x * b}; }
  [[gnu::always_inline]] friend Lane operator-(S a, const Lane& b) { return {a - b.x}; }
  ///@}
};

/// The exponential of each element.
template <class S>
[[nodiscard, gnu::always_inline]] inline Lane<S> exp(const Lane<S>& a) {
  return {a.x.exp()};
}

/// 1 / (1 + exp(-a))
template <class S>
[[nodiscard, gnu::always_inline]] inline Lane<S> logistic(const Lane<S>& a) {
  return {a.x.logistic()};
}

/// The sum of all elements, those beyond the end of an array included.
template <class S>
[[nodiscard, gnu::always_inline]] inline S sum(const Lane<S>& a) {
  return a.x.sum();
}

/// The sum of the first `count` elements.
template <class S>
[[nodiscard, gnu::always_inline]] inline S sum_first(const Lane<S>& a, Index count) {
  return a.x.head(count).sum();
}

/// 1 / sqrt(a)
template <std::floating_point S>
[[nodiscard]] S reciprocal_root(S a) {
  return S(1) / std::sqrt(a);
}

/// 1 / a
template <std::floating_point S>
[[nodiscard]] S reciprocal(S a) {
  return S(1) / a;
}

using std::log;

/// The lane of `count` elements from `first`, filled up with zeros.
template <class S>
[[nodiscard, gnu::always_inline]] inline Lane<S> load(const S* first, Index count) {
  using Array = Eigen::Array<S, Lane<S>::size, 1>;
  if (count >= Lane<S>::size) return {Eigen::Map<const Array>(first)};
  Lane<S> lane{Array::Zero()};
  for (Index i = 0; i < count; ++i) lane.x[i] = first[i];
  return lane;
}

/// Writes the lane's first `count` elements.
template <class S>
[[gnu::always_inline]] inline void store(const Lane<S>& lane, S* first, Index count) {
  if (count >= Lane<S>::size) {
    Eigen::Map<Eigen::Array<S, Lane<S>::size, 1>> target(first);
    target = lane.x;
  } else {
    for (Index i = 0; i < count; ++i) first[i] = lane.x[i];
  }
}

/// Calls visit(offset, count) for each lane of `size` elements; only the last may be short.
template <class S, class Visit>
[[gnu::always_inline]] inline void for_each_lane(Index size, Visit&& visit) {
  Index at = 0;
  for (; at + Lane<S>::size <= size; at += Lane<S>::size) visit(at, Lane<S>::size);
  if (at < size) visit(at, size - at);
}

}  // namespace ttt
