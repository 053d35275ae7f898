// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/storage.hpp>

#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <ranges>
#include <utility>
#include <vector>

namespace ttt {

namespace detail {

template <class A>
struct ArrayStorage;
template <Storage M>
struct ArrayStorage<M> : std::type_identity<M> {};
template <Storage M>
struct ArrayStorage<Dual<M>> : std::type_identity<M> {};

}  // namespace detail

/// What an operation computes on: a storage M, or `Dual<M>`.
template <class A>
concept Array = requires {
  typename detail::ArrayStorage<A>::type;
};

/// The storage that the array A is made of.
template <Array A>
using StorageOf = typename detail::ArrayStorage<A>::type;
/// The primitives of that storage.
template <Array A>
using PrimitivesOf = Primitives<StorageOf<A>>;
/// The integers of that storage.
template <Array A>
using Indices = typename PrimitivesOf<A>::Indices;

/// Integers of the host, where the storage of A wants them.
template <Array A, class Range>
[[nodiscard]] Indices<A> indices(const Range& range) {
  if constexpr (std::same_as<std::ranges::range_value_t<Range>, Index>) {
    return Indices<A>(range.begin(), range.end());
  } else {
    const std::vector<Index> host(range.begin(), range.end());
    return Indices<A>(host.begin(), host.end());
  }
}

///@{
/// Extents. A dual has the shape of whichever half has elements.
template <Storage M>
[[nodiscard]] Index row_count(const M& a) {
  return a.rows();
}
template <Storage M>
[[nodiscard]] Index col_count(const M& a) {
  return a.cols();
}
///@}

/// Whether an array has no elements, which stands for zero everywhere.
template <Storage M>
[[nodiscard]] bool is_zero(const M& a) {
  return a.rows() == 0 || a.cols() == 0;
}

///@{
/// Extents of a dual.
template <Storage M>
[[nodiscard]] Index row_count(const Dual<M>& a) {
  return is_zero(a.value) ? a.tangent.rows() : a.value.rows();
}
template <Storage M>
[[nodiscard]] Index col_count(const Dual<M>& a) {
  return is_zero(a.value) ? a.tangent.cols() : a.value.cols();
}
///@}

///@{
/// The view of an array, or of both halves of a dual; read-only where the array is const.
template <Storage M>
[[nodiscard]] auto view(M& a) {
  return Primitives<M>::view(a);
}
template <Storage M>
[[nodiscard]] auto view(const M& a) {
  return Primitives<M>::view(a);
}
template <Storage M>
[[nodiscard]] auto view(Dual<M>& a) {
  return Dual{view(a.value), view(a.tangent)};
}
template <Storage M>
[[nodiscard]] auto view(const Dual<M>& a) {
  return Dual{view(a.value), view(a.tangent)};
}
///@}

/// An array of [rows, cols] whose elements are still to be written.
template <Array A>
[[nodiscard]] A uninitialised(Index rows, Index cols) {
  using M = StorageOf<A>;
  if constexpr (Storage<A>) {
    return M(rows, cols);
  } else {
    return {M(rows, cols), M(rows, cols)};
  }
}

namespace detail {

struct Fill {
  double number;
  template <class N>
  TTT_HD N operator()(const N& like) const {
    return constant_like(like, Scalar<N>(number));
  }
};
struct Copy {
  template <class N>
  TTT_HD N operator()(const N& a) const {
    return a;
  }
};
struct Plus {
  template <class N>
  TTT_HD N operator()(const N& a, const N& b) const {
    return a + b;
  }
};
struct Times {
  double factor;
  template <class N>
  TTT_HD N operator()(const N& a) const {
    return a * Scalar<N>(factor);
  }
};
struct PlusTimes {
  double factor;
  template <class N>
  TTT_HD N operator()(const N& a, const N& b) const {
    return a + b * Scalar<N>(factor);
  }
};

/// A read-only view that stands for zeros.
template <class S>
[[nodiscard]] View<const S> zeros_like(const View<S>& view) {
  return {nullptr, view.rows, view.cols, view.cols};
}

}  // namespace detail

/// A matrix of [rows, cols] equal numbers.
template <Storage M>
[[nodiscard]] M filled(Index rows, Index cols, double number) {
  M result(rows, cols);
  const auto out = view(result);
  Primitives<M>::map(detail::Fill{number}, out, detail::zeros_like(out));
  return result;
}

/// An array of [rows, cols] zeros.
template <Array A>
[[nodiscard]] A zeros(Index rows, Index cols) {
  using M = StorageOf<A>;
  if constexpr (Storage<A>) {
    return filled<M>(rows, cols, 0);
  } else {
    return {filled<M>(rows, cols, 0), filled<M>(rows, cols, 0)};
  }
}

/// The array whose elements are f of the corresponding elements. f is a named functor over numbers.
///
/// \pre the arrays are of one shape
template <Array A, class F, class... Others>
[[nodiscard]] A map(const F& f, const A& a, const Others&... others) {
  A result = uninitialised<A>(row_count(a), col_count(a));
  PrimitivesOf<A>::map(f, view(result), view(a), view(others)...);
  return result;
}

///@{
/// Adds `term` to `sum`, halves that are zero left out; `sum` may still be without elements.
template <Storage M>
void add_to(M& sum, const M& term) {
  if (is_zero(term)) return;
  if (is_zero(sum)) {
    sum = term;
  } else {
    Primitives<M>::map(detail::Plus{}, view(sum), view(std::as_const(sum)), view(term));
  }
}
template <Storage M>
void add_to(M& sum, M&& term) {
  if (is_zero(sum) && !is_zero(term)) {
    sum = std::forward<M>(term);
  } else {
    add_to(sum, std::as_const(term));
  }
}
template <Storage M>
void add_to(Dual<M>& sum, const Dual<M>& term) {
  add_to(sum.value, term.value);
  add_to(sum.tangent, term.tangent);
}
template <Storage M>
void add_to(Dual<M>& sum, Dual<M>&& term) {
  add_to(sum.value, std::move(term.value));
  add_to(sum.tangent, std::move(term.tangent));
}
///@}

///@{
/// a with every element multiplied by a constant.
template <Storage M>
[[nodiscard]] M scaled(const M& a, double factor) {
  return map(detail::Times{factor}, a);
}
template <Storage M>
[[nodiscard]] Dual<M> scaled(const Dual<M>& a, double factor) {
  return {scaled(a.value, factor), scaled(a.tangent, factor)};
}
///@}

///@{
/// A copy of rows first .. first + count - 1.
template <Storage M>
[[nodiscard]] M copied_rows(const M& a, Index first, Index count) {
  if (is_zero(a)) return {};
  M result(count, a.cols());
  Primitives<M>::map(detail::Copy{}, view(result), view(a).middle_rows(first, count));
  return result;
}
template <Storage M>
[[nodiscard]] Dual<M> copied_rows(const Dual<M>& a, Index first, Index count) {
  return {copied_rows(a.value, first, count), copied_rows(a.tangent, first, count)};
}
///@}

///@{
/// Overwrites the rows of `whole` from `first` on.
template <Storage M>
void set_rows(M& whole, Index first, const M& part) {
  Primitives<M>::map(detail::Copy{}, view(whole).middle_rows(first, part.rows()), view(part));
}
///@}

/// A column of numbers of the host.
template <Storage M>
[[nodiscard]] M column(const std::vector<double>& numbers) {
  std::vector<typename M::Scalar> host(numbers.begin(), numbers.end());
  return Primitives<M>::upload(std::ssize(host), 1, host);
}

/// The elements of an array, row by row, in double.
template <Storage M>
[[nodiscard]] std::vector<double> numbers(const M& a) {
  const auto host = Primitives<M>::download(view(a));
  return {host.begin(), host.end()};
}

/// The square of an array's norm as a vector; rows are summed in double.
template <Storage M>
[[nodiscard]] double sum_of_squares(const M& a) {
  return is_zero(a) ? 0 : Primitives<M>::dot(view(a), view(a));
}
/// Whether every element is a finite number.
template <Storage M>
[[nodiscard]] bool is_finite(const M& a) {
  return is_zero(a) ||
         std::isfinite(sum_of_squares(scaled(a, 0)));  // 0 times infinity is no number
}
/// The sum of the products of corresponding elements; rows are summed in double.
template <Storage M>
[[nodiscard]] double dot(const M& a, const M& b) {
  return is_zero(a) || is_zero(b) ? 0 : Primitives<M>::dot(view(a), view(b));
}

}  // namespace ttt
