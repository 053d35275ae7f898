// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/view.hpp>

#include <Eigen/Core>

namespace ttt {

/// Neighbouring elements of an array, computed on as if they were one number.
///
/// Elementwise functors are written once over numbers: Eigen turns each line into vector
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

namespace detail {
template <class S>
struct ScalarOf<Lane<S>> : std::type_identity<S> {};
template <class S>
inline constexpr bool is_number<Lane<S>> = true;
}  // namespace detail

///@{
/// The functions of numbers, element by element.
template <class S>
[[nodiscard, gnu::always_inline]] inline Lane<S> exp(const Lane<S>& a) {
  return {a.x.exp()};
}
template <class S>
[[nodiscard, gnu::always_inline]] inline Lane<S> log(const Lane<S>& a) {
  return {a.x.log()};
}
template <class S>
[[nodiscard, gnu::always_inline]] inline Lane<S> reciprocal(const Lane<S>& a) {
  return {S(1) / a.x};
}
template <class S>
[[nodiscard, gnu::always_inline]] inline Lane<S> reciprocal_root(const Lane<S>& a) {
  return {S(1) / a.x.sqrt()};
}
template <class S>
[[nodiscard, gnu::always_inline]] inline Lane<S> square_root(const Lane<S>& a) {
  return {a.x.sqrt()};
}
template <class S>
[[nodiscard, gnu::always_inline]] inline Lane<S> logistic(const Lane<S>& a) {
  return {a.x.logistic()};
}
template <class S>
[[nodiscard, gnu::always_inline]] inline Lane<S> softplus(const Lane<S>& a) {
  return {a.x.max(S(0)) + (-a.x.abs()).exp().log1p()};
}
template <class S>
[[nodiscard, gnu::always_inline]] inline Lane<S> constant_like(const Lane<S>& /*a*/, S c) {
  return {Eigen::Array<S, Lane<S>::size, 1>::Constant(c)};
}
template <class S>
[[nodiscard, gnu::always_inline]] inline Lane<S> where_positive(const Lane<S>& condition,
                                                                const Lane<S>& a,
                                                                const Lane<S>& b) {
  return {(condition.x > S(0)).select(a.x, b.x)};
}
///@}

namespace cpu {

/// Which elements a lane has: `count` of them from `offset` on, fewer than a lane is wide.
struct At {
  Index offset;  ///< of the first
  Index count;   ///< 1..Lane::size - 1

  friend At operator+(At at, Index by) { return {at.offset + by, at.count}; }
};

/// The same for as many as a lane is wide.
template <class S>
struct FullAt {
  Index offset;                                  ///< of the first
  static constexpr Index count = Lane<S>::size;  ///< all

  friend FullAt operator+(FullAt at, Index by) { return {at.offset + by}; }
};

///@{
/// A lane at the end of an array. It is rare: the common path stays short.
template <class S>
[[nodiscard, gnu::noinline]] Lane<S> load_tail(const S* first, Index count) {
  Lane<S> lane{Eigen::Array<S, Lane<S>::size, 1>::Zero()};
  for (Index i = 0; i < count; ++i) lane.x[i] = first[i];
  return lane;
}
template <class S>
[[gnu::noinline]] void store_tail(const Lane<S>& lane, S* first, Index count) {
  for (Index i = 0; i < count; ++i) first[i] = lane.x[i];
}
template <class S>
[[nodiscard, gnu::noinline]] Lane<S> fill_tail(const Lane<S>& lane, Index count, S with) {
  Lane<S> filled = lane;
  for (Index i = count; i < Lane<S>::size; ++i) filled.x[i] = with;
  return filled;
}
///@}

///@{
/// The lane of elements at a place, filled up with zeros.
template <class S>
[[nodiscard, gnu::always_inline]] inline Lane<S> load(const S* first, FullAt<S> i) {
  return {Eigen::Map<const Eigen::Array<S, Lane<S>::size, 1>>(first + i.offset)};
}
template <class S>
[[nodiscard, gnu::always_inline]] inline Lane<S> load(const S* first, At i) {
  return load_tail(first + i.offset, i.count);
}
///@}

///@{
/// Writes the lane's elements to a place.
template <class S>
[[gnu::always_inline]] inline void store(const Lane<S>& lane, S* first, FullAt<S> i) {
  Eigen::Map<Eigen::Array<S, Lane<S>::size, 1>> target(first + i.offset);
  target = lane.x;
}
template <class S>
[[gnu::always_inline]] inline void store(const Lane<S>& lane, S* first, At i) {
  store_tail(lane, first + i.offset, i.count);
}
///@}

///@{
/// The lane with `with` in place of the elements that its place does not have.
template <class N, class S>
[[nodiscard, gnu::always_inline]] inline const N& filled_behind(const N& a, FullAt<S> /*i*/,
                                                                S /*with*/) {
  return a;
}
template <class S>
[[nodiscard, gnu::always_inline]] inline Lane<S> filled_behind(const Lane<S>& a, At i, S with) {
  return fill_tail(a, i.count, with);
}
template <class S>
[[nodiscard, gnu::always_inline]] inline Dual<Lane<S>> filled_behind(const Dual<Lane<S>>& a, At i,
                                                                     S with) {
  return {filled_behind(a.value, i, with), filled_behind(a.tangent, i, with)};
}
///@}

///@{
/// The sum of all elements.
template <class S>
[[nodiscard, gnu::always_inline]] inline S total(const Lane<S>& a) {
  return a.x.sum();
}
template <class S>
[[nodiscard, gnu::always_inline]] inline Dual<S> total(const Dual<Lane<S>>& a) {
  return {total(a.value), total(a.tangent)};
}
///@}

/// Calls visit(place) for each lane of `size` elements; only the last may be short.
template <class S, class Visit>
[[gnu::always_inline]] inline void for_each_lane(Index size, Visit&& visit) {
  Index offset = 0;
  for (; offset + Lane<S>::size <= size; offset += Lane<S>::size) visit(FullAt<S>{offset});
  if (offset < size) visit(At{offset, size - offset});
}

}  // namespace cpu

}  // namespace ttt
