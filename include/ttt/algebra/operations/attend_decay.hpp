// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/array.hpp>

#include <utility>
#include <vector>

namespace ttt::detail {

/// A column of integers of the host, as numbers without a derivative.
template <Array A>
[[nodiscard]] A constant_column(const std::vector<Index>& integers) {
  using M = StorageOf<A>;
  M numbers = column<M>(std::vector<double>(integers.begin(), integers.end()));
  if constexpr (Storage<A>) {
    return numbers;
  } else {
    return {std::move(numbers), {}};
  }
}

///@{
/// A view whose elements are only read.
template <class S>
[[nodiscard]] View<const S> read_only(const View<S>& view) {
  return view;
}
template <class S>
[[nodiscard]] Dual<View<const S>> read_only(const Dual<View<S>>& view) {
  return {view.value, view.tangent};
}
///@}

///@{
/// Whether what is added to a view arrives anywhere.
template <class S>
[[nodiscard]] bool has_data(const View<S>& view) {
  return view.data != nullptr;
}
template <class V>
[[nodiscard]] bool has_data(const Dual<V>& view) {
  return has_data(view.value) || has_data(view.tangent);
}
///@}

/// What scores and the ages of keys have to do with each other in a tile.
struct Aged {
  double root;        ///< of the width of a head, by which scores are divided later
  Index first_query;  ///< of the tile

  /// What a decay of keys at `i` is multiplied by for the query of `row`.
  template <class Row, class N, class Age, class Place>
  TTT_HD N times_age(const Row& row, const N& number, const Age& age, Place i) const {
    using S = Scalar<N>;
    return number * ((age[i] + static_cast<S>(first_query + row.index)) * static_cast<S>(root));
  }
};

/// Adds age * decay to a row of scores.
struct AddDecays {
  Aged aged;

  template <class Row, class Scores, class Decay, class Age>
  TTT_HD void operator()(const Row& row, const Scores& scores, const Decay& decay,
                         const Age& age) const {
    row.each([&](auto i) { scores.set(i, scores[i] + aged.times_age(row, decay[i], age, i)); });
  }
};

/// The cotangents of decays, of those of a row of products.
struct PullDecays {
  Aged aged;

  template <class Row, class Sums, class Ds, class Age>
  TTT_HD void operator()(const Row& row, const Sums& sums, const Ds& ds, const Age& age) const {
    row.each([&](auto i) { sums.add(i, aged.times_age(row, ds[i], age, i)); });
  }
};

}  // namespace ttt::detail
