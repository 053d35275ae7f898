// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/array.hpp>

#include <utility>

namespace ttt {

/// The extents of a product.
template <class V>
[[nodiscard]] std::array<Index, 2> product_shape(const V& a, const V& b, Flip flip) {
  return {flip == Flip::left ? col_count(a) : row_count(a),
          flip == Flip::right ? row_count(b) : col_count(b)};
}

/// Adds a b to `out`, or with `add` false writes it there. A view without data is zero.
template <Storage M>
void gemm(View<Scalar<M>> out, View<const Scalar<M>> a, View<const Scalar<M>> b, Flip flip,
          bool add = true) {
  if (out.data == nullptr) return;
  if (a.data != nullptr && b.data != nullptr) {
    Primitives<M>::gemm(out, a, b, flip, add);
  } else if (!add) {
    Primitives<M>::map(detail::Fill{0}, out, detail::zeros_like(out));
  }
}

namespace detail {

/// One array on top of another.
template <Storage M>
[[nodiscard]] M stacked(View<const Scalar<M>> top, View<const Scalar<M>> bottom) {
  M both(top.rows + bottom.rows, top.cols);
  const auto out = view(both);
  Primitives<M>::map(Copy{}, out.middle_rows(0, top.rows), top);
  Primitives<M>::map(Copy{}, out.middle_rows(top.rows, bottom.rows), bottom);
  return both;
}

/// Writes a part of a product, or adds it.
template <Storage M>
void put(View<Scalar<M>> out, View<const Scalar<M>> part, bool add) {
  if (add) {
    Primitives<M>::map(Plus{}, out, View<const Scalar<M>>(out), part);
  } else {
    Primitives<M>::map(Copy{}, out, part);
  }
}

}  // namespace detail

/// The same for duals; a half of `out` without data is not computed.
///
///   value    l r
///   tangent  l r' + l' r
///
/// Where l and l' meet the same r they are stacked and multiplied at once, and where both terms of
/// the tangent are sums over the same rows they are one sum over twice as many: a chunk is short,
/// and a product of twice the rows is faster than two.
template <Storage M>
void gemm(Dual<View<Scalar<M>>> out, Dual<View<const Scalar<M>>> a, Dual<View<const Scalar<M>>> b,
          Flip flip, bool add = true) {
  const auto has = [](const auto& v) { return v.data != nullptr; };
  const bool stacks = has(out.tangent) && has(a.value) && has(a.tangent) && has(b.value);
  if (flip == Flip::left && stacks && has(b.tangent)) {
    gemm<M>(out.value, a.value, b.value, flip, add);
    const M left = detail::stacked<M>(a.value, a.tangent);
    const M right = detail::stacked<M>(b.tangent, b.value);
    Primitives<M>::gemm(out.tangent, view(left), view(right), flip, add);
    return;
  }
  if (flip != Flip::left && stacks && has(out.value)) {
    const M left = detail::stacked<M>(a.value, a.tangent);
    M both(left.rows(), out.value.cols);
    Primitives<M>::gemm(view(both), view(left), b.value, flip, false);
    const auto parts = view(std::as_const(both));
    detail::put<M>(out.value, parts.middle_rows(0, a.value.rows), add);
    detail::put<M>(out.tangent, parts.middle_rows(a.value.rows, a.value.rows), add);
    add = true;
  } else {
    gemm<M>(out.value, a.value, b.value, flip, add);
    if (has(a.tangent) && has(b.value)) {
      gemm<M>(out.tangent, a.tangent, b.value, flip, add);
      add = true;
    }
  }
  gemm<M>(out.tangent, a.value, b.tangent, flip, add);
}

/// The product of two arrays given as views; a half that is zero stays without elements.
template <Array A, class V>
[[nodiscard]] A multiply(const V& a, const V& b, Flip flip = Flip::none) {
  using M = StorageOf<A>;
  const auto [rows, cols] = product_shape(a, b, flip);
  A result;
  if constexpr (Storage<A>) {
    if (a.data != nullptr && b.data != nullptr) result = M(rows, cols);
  } else {
    const auto has = [](const auto& v) { return v.data != nullptr; };
    if (has(a.value) && has(b.value)) result.value = M(rows, cols);
    if ((has(a.value) && has(b.tangent)) || (has(a.tangent) && has(b.value))) {
      result.tangent = M(rows, cols);
    }
  }
  gemm<M>(view(result), a, b, flip, false);
  return result;
}

}  // namespace ttt
