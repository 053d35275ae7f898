// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/dual.hpp>
#include <ttt/gpu/row.cuh>

#include <type_traits>

/// Lets a device keep what a loop of known length indexes in registers.
#ifdef __CUDA_ARCH__
#define TTT_UNROLL _Pragma("unroll")
#else
#define TTT_UNROLL
#endif

namespace ttt::gpu::detail {

///@{
/// The warps of a block; on the host there is one, of one thread.
[[nodiscard]] TTT_HD inline int warp() {
#ifdef __CUDA_ARCH__
  return static_cast<int>(threadIdx.x) / 32;
#else
  return 0;
#endif
}
[[nodiscard]] TTT_HD inline int lane() {
#ifdef __CUDA_ARCH__
  return static_cast<int>(threadIdx.x) % 32;
#else
  return 0;
#endif
}
///@}

/// Rows of a tile, which is what one warp multiplies at a time.
inline constexpr int tile_rows = 16;

/// A tile of [tile_rows, Cols] that the lanes of a warp hold together, as the tensor cores leave
/// their sums: each row lies with four neighbouring lanes, which hold pairs of its columns. On the
/// host one lane holds all.
template <class S, int Cols>
struct WarpTile {
#ifdef __CUDA_ARCH__
  static constexpr int rows = tile_rows / 8;  ///< that a lane holds
  static constexpr int cols = Cols / 4;       ///< likewise
  [[nodiscard]] static __device__ int row(int r) { return lane() / 4 + 8 * r; }
  [[nodiscard]] static __device__ int col(int c) { return c / 2 * 8 + lane() % 4 * 2 + c % 2; }
#else
  static constexpr int rows = tile_rows;
  static constexpr int cols = Cols;
  [[nodiscard]] TTT_HD static int row(int r) { return r; }  ///< within the tile, of a held row
  [[nodiscard]] TTT_HD static int col(int c) { return c; }  ///< likewise
#endif
  S held[rows][cols]{};

  [[nodiscard]] TTT_HD S number(int r, int c) const { return held[r][c]; }
  TTT_HD void set(int r, int c, S x) { held[r][c] = x; }
};

/// Both halves of a dual's.
template <class S, int Cols>
struct DualTile {
  static constexpr int rows = WarpTile<S, Cols>::rows;
  static constexpr int cols = WarpTile<S, Cols>::cols;
  [[nodiscard]] TTT_HD static int row(int r) { return WarpTile<S, Cols>::row(r); }
  [[nodiscard]] TTT_HD static int col(int c) { return WarpTile<S, Cols>::col(c); }

  WarpTile<S, Cols> value, tangent;

  [[nodiscard]] TTT_HD Dual<S> number(int r, int c) const {
    return {value.held[r][c], tangent.held[r][c]};
  }
  TTT_HD void set(int r, int c, const Dual<S>& x) {
    value.held[r][c] = x.value;
    tangent.held[r][c] = x.tangent;
  }
};

/// The tile of the numbers N.
template <class N, int Cols>
using TileOf = std::conditional_t<ttt::detail::is_dual<N>, DualTile<Scalar<N>, Cols>,
                                  WarpTile<Scalar<N>, Cols>>;

/// Calls f(r, c) for every element of a tile that this lane holds.
template <class Tile, class F>
TTT_HD void each_held(F&& f) {
  TTT_UNROLL
  for (int r = 0; r < Tile::rows; ++r) {
    TTT_UNROLL
    for (int c = 0; c < Tile::cols; ++c) f(r, c);
  }
}

///@{
/// The numbers of the four lanes that hold a row as one, the same for all.
template <class S, class Join>
[[nodiscard]] TTT_HD S joined_in_row(S own, Join join) {
#ifdef __CUDA_ARCH__
  own = join(own, __shfl_xor_sync(~0U, own, 1));
  return join(own, __shfl_xor_sync(~0U, own, 2));
#else
  static_cast<void>(join);
  return own;
#endif
}
template <class S>
[[nodiscard]] TTT_HD S sum_in_row(S own) {
  return joined_in_row(own, [](S a, S b) { return a + b; });
}
template <class S>
[[nodiscard]] TTT_HD Dual<S> sum_in_row(const Dual<S>& own) {
  return {sum_in_row(own.value), sum_in_row(own.tangent)};
}
///@}

}  // namespace ttt::gpu::detail
