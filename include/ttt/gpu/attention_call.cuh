// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/gpu/accessors.cuh>
#include <ttt/gpu/tile_product.cuh>

#include <array>
#include <limits>
#include <type_traits>

namespace ttt::gpu::detail {

/// A view of the numbers N, which are S or Dual<S>; read-only if the scalar is const.
template <class N, class S = Scalar<N>>
using ViewOf = std::conditional_t<ttt::detail::is_dual<N>, Dual<View<S>>, View<S>>;
/// A view that is only read.
template <class N>
using ConstViewOf = ViewOf<N, const Scalar<N>>;

/// Keys from begin to end - 1 that somebody sees, or queries that see somebody.
struct Span {
  Index begin, end;
  [[nodiscard]] TTT_HD bool empty() const { return begin >= end; }
  [[nodiscard]] TTT_HD bool has(Index n) const { return begin <= n && n < end; }
};

/// The columns of a tile that a query sees.
struct Columns {
  int begin, end;
  [[nodiscard]] TTT_HD bool has(int c) const { return begin <= c && c < end; }
};
/// Of keys in a tile whose first is `key`.
[[nodiscard]] TTT_HD inline Columns columns_of(const Span& seen, Index key, int cols) {
  if (seen.empty() || seen.end <= key || key + cols <= seen.begin) return {0, 0};
  return {seen.begin <= key ? 0 : static_cast<int>(seen.begin - key),
          key + cols <= seen.end ? cols : static_cast<int>(seen.end - key)};
}

/// One source of keys as the kernels see it.
template <class N>
struct KeySource {
  ConstViewOf<N> q, k, v, bias;
  const Index* first;  ///< key that a query sees
  const Index* count;  ///< keys that it sees

  [[nodiscard]] TTT_HD Span seen_by(Index query) const {
    return {first[query], first[query] + count[query]};
  }
};

/// Where the cotangents of one source are summed up.
template <class N>
struct KeySums {
  ViewOf<N> q, k, v, bias;
};

struct Smaller {
  template <class T>
  TTT_HD T operator()(T a, T b) const {
    return a < b ? a : b;
  }
};
struct Greater {
  template <class T>
  TTT_HD T operator()(T a, T b) const {
    return a < b ? b : a;
  }
};

/// A block's part of the queries, in one head.
struct QueriesOfHead {
  Index head;
  HeadRows queries;
};

/// What all blocks of a call have in common.
template <class N>
struct AttentionShape {
  Index queries;
  int heads, kv_heads;
  int width;  ///< of a head
  std::array<KeySource<N>, 2> sources;
  int source_count;

  [[nodiscard]] TTT_HD Scalar<N> scale() const {
    return reciprocal_root(static_cast<Scalar<N>>(width));
  }
  [[nodiscard]] TTT_HD HeadRows queries_of_head(Index first, Index count, Index head) const {
    return {first, count, head * width, width};
  }
  /// Of keys and values, which neighbouring heads may share.
  [[nodiscard]] TTT_HD HeadRows keys_of_head(Index first, Index count, Index head) const {
    return {first, count, head / (heads / kv_heads) * width, width};
  }
  /// What falls to a block of so many warps: the last queries first, which often see most keys.
  [[nodiscard]] TTT_HD QueriesOfHead queries_of_block(Index block, int warps) const {
    const Index size = Index{warps} * tile_rows;
    const Index first = ((queries - 1) / size - block / heads) * size;
    const Index head = block % heads;
    return {head, queries_of_head(first, Smaller{}(size, queries - first), head)};
  }
};

/// The keys that some queries see; for all threads of the block.
template <class N>
[[nodiscard]] TTT_HD Span keys_of(const KeySource<N>& source, const HeadRows& queries) {
  Span own{std::numeric_limits<Index>::max(), 0};
  for (Index n = member(); n < queries.count; n += members()) {
    const Span seen = source.seen_by(queries.first + n);
    if (seen.empty()) continue;
    own = {Smaller{}(own.begin, seen.begin), Greater{}(own.end, seen.end)};
  }
  return {joined(own.begin, Smaller{}), joined(own.end, Greater{})};
}

/// The queries that see some keys; for all threads of the block.
template <class N>
[[nodiscard]] TTT_HD Span queries_of(const KeySource<N>& source, const HeadRows& keys,
                                     Index queries) {
  Span own{std::numeric_limits<Index>::max(), 0};
  for (Index query = member(); query < queries; query += members()) {
    const Span seen = source.seen_by(query);
    if (seen.empty() || seen.end <= keys.first || keys.first + keys.count <= seen.begin) continue;
    own = {Smaller{}(own.begin, query), Greater{}(own.end, query + 1)};
  }
  return {joined(own.begin, Smaller{}), joined(own.end, Greater{})};
}

///@{
/// Whether somebody wants what would be written there.
template <class S>
[[nodiscard]] TTT_HD bool wanted(const View<S>& view) {
  return view.data != nullptr;
}
template <class S>
[[nodiscard]] TTT_HD bool wanted(const Dual<View<S>>& view) {
  return wanted(view.value) || wanted(view.tangent);
}
///@}

///@{
/// An element of a column; zero, and not wanted, where the column has no data.
template <class S>
[[nodiscard]] TTT_HD std::remove_const_t<S> in_column(const View<S>& column, Index n) {
  return column.data == nullptr ? S(0) : column.data[n * column.stride];
}
template <class S>
[[nodiscard]] TTT_HD Dual<std::remove_const_t<S>> in_column(const Dual<View<S>>& column, Index n) {
  return {in_column(column.value, n), in_column(column.tangent, n)};
}
template <class S>
TTT_HD void put_in_column(const View<S>& column, Index n, S number) {
  if (column.data != nullptr) column.data[n * column.stride] = number;
}
template <class S>
TTT_HD void put_in_column(const Dual<View<S>>& column, Index n, const Dual<S>& number) {
  put_in_column(column.value, n, number.value);
  put_in_column(column.tangent, n, number.tangent);
}
///@}

/// Multiplies a row of a tile by a number.
template <class Tile, class N>
TTT_HD void scale_row(Tile& tile, int r, const N& factor) {
  TTT_UNROLL
  for (int c = 0; c < Tile::cols; ++c) tile.set(r, c, tile.number(r, c) * factor);
}

///@{
/// Writes a tile of one head to rows of an array, or adds it; where a half is not wanted, nothing.
template <class S, int Width>
TTT_HD void put_tile(const WarpTile<S, Width>& tile, const View<S>& to, const HeadRows& at,
                     bool add) {
  using Tile = WarpTile<S, Width>;
  if (to.data == nullptr) return;
  each_held<Tile>([&](int r, int c) {
    const int row = Tile::row(r);
    const int col = Tile::col(c);
    if (row >= at.count || col >= at.width) return;
    S& element = to.data[(at.first + row) * to.stride + at.col + col];
    element = add ? element + tile.held[r][c] : tile.held[r][c];
  });
}
template <class S, int Width>
TTT_HD void put_tile(const DualTile<S, Width>& tile, const Dual<View<S>>& to, const HeadRows& at,
                     bool add) {
  put_tile(tile.value, to.value, at, add);
  put_tile(tile.tangent, to.tangent, at, add);
}
///@}

}  // namespace ttt::gpu::detail
