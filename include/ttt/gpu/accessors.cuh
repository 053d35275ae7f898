// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/view.hpp>
#include <ttt/gpu/row.cuh>

#include <array>
#include <cstddef>
#include <type_traits>

namespace ttt::gpu::detail {

/// The elements of one group of one row, as a functor reads and writes them. Without data they are
/// zeros, and not wanted.
template <class E>
struct Elements {
  using S = std::remove_const_t<E>;

  E* first;
  Index stride;  ///< elements from one row to the next

  TTT_HD S operator[](Index i) const { return first == nullptr ? S(0) : first[i]; }
  TTT_HD void set(Index i, S number) const {
    if (first != nullptr) first[i] = number;
  }
  TTT_HD void add(Index i, S number) const {
    if (first != nullptr) first[i] += number;
  }
  /// Each element of even number and the one behind it in each other's place.
  [[nodiscard]] TTT_HD S partner(Index i) const { return (*this)[i % 2 == 0 ? i + 1 : i - 1]; }

  ///@{
  /// One element, for all members of the row.
  [[nodiscard]] TTT_HD S at(Index i) const { return (*this)[i]; }
  TTT_HD void set_at(Index i, S number) const {
    if (member() == 0) set(i, number);
    meet();
  }
  TTT_HD void add_at(Index i, S number) const {
    if (member() == 0) add(i, number);
    meet();
  }
  ///@}
  /// The same group `rows` rows before.
  [[nodiscard]] TTT_HD Elements up(Index rows) const {
    return {first == nullptr ? nullptr : first - rows * stride, stride};
  }
};

/// Both halves of a dual's.
template <class E>
struct DualElements {
  using N = Dual<std::remove_const_t<E>>;

  Elements<E> value, tangent;

  TTT_HD N operator[](Index i) const { return {value[i], tangent[i]}; }
  TTT_HD void set(Index i, const N& number) const {
    value.set(i, number.value);
    tangent.set(i, number.tangent);
  }
  TTT_HD void add(Index i, const N& number) const {
    value.add(i, number.value);
    tangent.add(i, number.tangent);
  }
  [[nodiscard]] TTT_HD N partner(Index i) const { return {value.partner(i), tangent.partner(i)}; }
  [[nodiscard]] TTT_HD N at(Index i) const { return (*this)[i]; }
  TTT_HD void set_at(Index i, const N& number) const {
    value.set_at(i, number.value);
    tangent.set_at(i, number.tangent);
  }
  TTT_HD void add_at(Index i, const N& number) const {
    value.add_at(i, number.value);
    tangent.add_at(i, number.tangent);
  }
  [[nodiscard]] TTT_HD DualElements up(Index rows) const {
    return {value.up(rows), tangent.up(rows)};
  }
};

///@{
/// What a functor is given of an argument of map_rows in one group of one row.
template <class E>
[[nodiscard]] TTT_HD Elements<E> part(const View<E>& v, Index row, Index group, const Rows& rows) {
  if (v.data == nullptr) return {nullptr, v.stride};
  return {v.data + (v.rows == 1 ? 0 : row * v.stride) +
              (v.cols == rows.groups * rows.width ? group * rows.width : 0),
          v.stride};
}
template <class E>
[[nodiscard]] TTT_HD DualElements<E> part(const Dual<View<E>>& v, Index row, Index group,
                                          const Rows& rows) {
  return {part(v.value, row, group, rows), part(v.tangent, row, group, rows)};
}
[[nodiscard]] TTT_HD inline const Index* part(const Index* integers, Index /*row*/, Index /*group*/,
                                              const Rows& /*rows*/) {
  return integers;
}
template <class V, std::size_t N>
[[nodiscard]] TTT_HD auto part(const std::array<V, N>& several, Index row, Index group,
                               const Rows& rows) {
  std::array<decltype(part(several[0], row, group, rows)), N> parts{};
  for (std::size_t n = 0; n < N; ++n) parts[n] = part(several[n], row, group, rows);
  return parts;
}
template <class V>
[[nodiscard]] TTT_HD auto part(const Sum<V>& sum, Index /*row*/, Index group, const Rows& rows) {
  return part(sum.view, 0, group, rows);
}
template <class V>
[[nodiscard]] TTT_HD auto part(const Shared<V>& all, Index /*row*/, Index group, const Rows& rows) {
  return part(all.view, 0, group, rows);
}
///@}

}  // namespace ttt::gpu::detail
