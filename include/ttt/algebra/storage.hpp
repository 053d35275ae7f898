// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/view.hpp>

#include <concepts>
#include <span>
#include <vector>

namespace ttt {

/// What a storage of arrays has to supply, as static functions of a specialisation:
///
///   view(m)                         the View of an array; read-only if m is const
///   upload(rows, cols, elements)    an array of elements of the host, row by row
///   download(view)                  a std::vector of them
///   gemm(out, a, b, flip, add)      out = a b or out += a b, one side transposed
///   map(f, outs, in, ins...)        out = f(in...), element by element
///   map_rows(f, rows, args...)      f(row, arg...) for each group of each row
///   gather(out, in, indices)        out row t = in row indices[t]
///   scatter_add(out, indices, in)   out row indices[t] += in row t, in order of t
///   dot(a, b)                       the sum of products; rows are summed in double
///
/// and a type Indices that holds integers where the storage wants them, made from two iterators
/// over Index. In map and map_rows an output without data is not wanted; an input without data is
/// zero where it is half of a dual, or one of several in an array, and no more than a shape where
/// it stands by itself.
///
/// It may have more, which else is done by the functions above: map_several and dots, which are map
/// and dot for many arrays in one pass; attend and pull_attention, which return whether they have
/// done an attention (see SoftmaxAttention).
///
/// Nothing else above reads or writes an element, so a second storage is these functions alone.
template <class M>
struct Primitives;

/// A row-major array that owns its elements: one row is one token. An array without elements stands
/// for zeros of any shape.
///
/// M() has no elements; M(rows, cols) has elements still to be written.
template <class M>
concept Storage = std::semiregular<M> && requires(M& m, const M& c, Index n) {
  typename M::Scalar;
  M(n, n);
  { c.rows() } -> std::convertible_to<Index>;
  { c.cols() } -> std::convertible_to<Index>;
  { Primitives<M>::view(m) } -> std::same_as<View<typename M::Scalar>>;
  { Primitives<M>::view(c) } -> std::same_as<View<const typename M::Scalar>>;
  typename Primitives<M>::Indices;
};

namespace detail {

template <Storage M>
struct ScalarOf<M> : std::type_identity<typename M::Scalar> {};

}  // namespace detail

}  // namespace ttt
