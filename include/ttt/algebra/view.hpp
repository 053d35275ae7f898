// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/dual.hpp>
#include <ttt/types.hpp>

namespace ttt {

/// A rectangle of a row-major array that somebody else owns. Taking a part of it copies nothing.
///
/// S is const where the elements are only read. A view without data stands for zeros. Only the
/// primitives of a storage read through `data`, which may be an address of a device.
template <class S>
struct View {
  S* data = nullptr;  ///< of the first element, or null
  Index rows = 0;     ///< outer extent
  Index cols = 0;     ///< inner extent
  Index stride = 0;   ///< elements from one row to the next

  /// The part of [row_count, col_count] at (row, col).
  [[nodiscard]] View block(Index row, Index col, Index row_count, Index col_count) const {
    S* const first = data == nullptr ? nullptr : data + row * stride + col;
    return {first, row_count, col_count, stride};
  }
  /// Rows first .. first + count - 1.
  [[nodiscard]] View middle_rows(Index first, Index count) const {
    return block(first, 0, count, cols);
  }
  /// Whether the elements lie side by side.
  [[nodiscard]] constexpr bool contiguous() const { return stride == cols || rows <= 1; }

  /// The same elements, only to be read.
  // NOLINTNEXTLINE(google-explicit-constructor): as a pointer to const
  operator View<const S>() const requires(!std::is_const_v<S>) {
    return {data, rows, cols, stride};
  }
};

namespace detail {
template <class S>
struct ScalarOf<View<S>> : std::type_identity<std::remove_const_t<S>> {};
}  // namespace detail

///@{
/// Extents of a view. A dual has those of whichever half has elements.
template <class S>
[[nodiscard]] Index row_count(const View<S>& view) {
  return view.rows;
}
template <class S>
[[nodiscard]] Index col_count(const View<S>& view) {
  return view.cols;
}
template <class S>
[[nodiscard]] Index row_count(const Dual<View<S>>& view) {
  return view.value.data == nullptr ? view.tangent.rows : view.value.rows;
}
template <class S>
[[nodiscard]] Index col_count(const Dual<View<S>>& view) {
  return view.value.data == nullptr ? view.tangent.cols : view.value.cols;
}
///@}

///@{
/// The part of [row_count, col_count] at (row, col), of both halves of a dual.
template <class S>
[[nodiscard]] View<S> block(const View<S>& view, Index row, Index col, Index row_count,
                            Index col_count) {
  return view.block(row, col, row_count, col_count);
}
template <class S>
[[nodiscard]] Dual<View<S>> block(const Dual<View<S>>& view, Index row, Index col, Index row_count,
                                  Index col_count) {
  return {view.value.block(row, col, row_count, col_count),
          view.tangent.block(row, col, row_count, col_count)};
}
///@}

///@{
/// The elements, row by row, as a column; a column as a row.
///
/// \pre the elements lie side by side
template <class S>
[[nodiscard]] View<S> as_column(const View<S>& rows) {
  return {rows.data, rows.rows * rows.cols, 1, 1};
}
template <class S>
[[nodiscard]] View<S> as_row(const View<S>& column) {
  return {column.data, 1, column.rows, column.rows};
}
template <class V>
[[nodiscard]] Dual<V> as_column(const Dual<V>& rows) {
  return {as_column(rows.value), as_column(rows.tangent)};
}
template <class V>
[[nodiscard]] Dual<V> as_row(const Dual<V>& column) {
  return {as_row(column.value), as_row(column.tangent)};
}
///@}

/// An output of map_rows that all rows add to; they find it at its first row.
template <class V>
struct Sum {
  V view;  ///< of any number of rows
};
/// Of any view.
template <class V>
Sum(V) -> Sum<V>;

/// An output of map_rows that all rows read and write, one after the other, where a Sum is added
/// to.
template <class V>
struct InTurn : Sum<V> {};
/// Of any view.
template <class V>
InTurn(V) -> InTurn<V>;

namespace detail {
template <class T>
inline constexpr bool is_sum = false;
template <class V>
inline constexpr bool is_sum<Sum<V>> = true;
template <class V>
inline constexpr bool is_sum<InTurn<V>> = true;
template <class T>
inline constexpr bool is_in_turn = false;
template <class V>
inline constexpr bool is_in_turn<InTurn<V>> = true;
}  // namespace detail

/// An input of map_rows that all rows see from its first row on.
template <class V>
struct Shared {
  V view;  ///< of any number of rows
};
/// Of any view.
template <class V>
Shared(V) -> Shared<V>;

/// Which side of a product is transposed.
enum class Flip { none, left, right };

/// How map_rows cuts arrays: each of `rows` rows into `groups` neighbouring groups of `width`
/// elements. An array of one row is seen by all rows, one as wide as a group by all groups. Numbers
/// of whole groups are a column (see as_column), because a row of them may be as wide as a group.
struct Rows {
  Index rows;    ///< tokens
  Index groups;  ///< of a row
  Index width;   ///< of a group
};

}  // namespace ttt
