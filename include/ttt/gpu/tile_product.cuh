// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/gpu/gemm.cuh>
#include <ttt/gpu/staged.cuh>

#include <concepts>
#include <cstdint>
#include <type_traits>

#if TTT_ON_CUDA
#include <cuda_bf16.h>
#endif

namespace ttt::gpu::detail {

/// Products of tiles, each lane its own elements, every bit of S.
template <class S>
struct Plain {
  using Factor = S;

  [[nodiscard]] TTT_HD static S factor(S x) { return x; }

  /// sum += own rows^T, that is sum[r][c] += sum over i < width of own[r][i] rows[c][i]
  template <int Cols, int Width>
  static TTT_HD void add_transposed(WarpTile<S, Cols>& sum, const StagedRows<S, Width>& own,
                                    const StagedRows<S, Width>& rows, int width) {
    using Tile = WarpTile<S, Cols>;
    for (int i = 0; i < width; ++i) {
      S mine[Tile::rows];
      TTT_UNROLL
      for (int r = 0; r < Tile::rows; ++r) mine[r] = own.row(Tile::row(r))[i];
      TTT_UNROLL
      for (int c = 0; c < Tile::cols; ++c) {
        const S theirs = rows.row(Tile::col(c))[i];
        TTT_UNROLL
        for (int r = 0; r < Tile::rows; ++r) sum.held[r][c] += mine[r] * theirs;
      }
    }
  }

  /// sum += factors rows, that is sum[r][i] += sum over c of factors[r][c] rows[c][i]
  template <int Cols, int Width>
  static TTT_HD void add(WarpTile<S, Width>& sum, const WarpTile<S, Cols>& factors,
                         const StagedRows<S, Width>& rows, int width) {
    using Sum = WarpTile<S, Width>;
    // Unrolled are the columns of one lane alone: all together would take minutes to compile.
    for (int from = 0; from < 4; ++from) {
      TTT_UNROLL
      for (int n = 0; n < Cols / 4; ++n) {
        const int c = n / 2 * 8 + from * 2 + n % 2;  // which that lane holds as its n-th
        TTT_UNROLL
        for (int r = 0; r < Sum::rows; ++r) {
#ifdef __CUDA_ARCH__
          const S factor = __shfl_sync(~0U, factors.held[r][n], (lane() & ~3) | from);
#else
          const S factor = factors.held[r][c];
#endif
          TTT_UNROLL
          for (int i = 0; i < Sum::cols; ++i) {
            const int col = Sum::col(i);
            if (col < width) sum.held[r][i] += factor * rows.row(c)[col];
          }
        }
      }
    }
  }
};

#if TTT_ON_CUDA

/// Products of tiles of float on tensor cores, factors rounded, sums in float.
template <Precision P>
struct TensorCores;

/// Factors of 11 bits. Of the eight places that an instruction sums over, lane t has the second and
/// sixth of its operands in the places t and t + 4; they are given the neighbours 2t and 2t + 1, on
/// both sides alike.
template <>
struct TensorCores<Precision::tf32> {
  using Factor = float;

  [[nodiscard]] static __device__ float factor(float x) {
    std::uint32_t bits;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
    return __uint_as_float(bits);
  }

  template <int Cols, int Width>
  static __device__ void add_transposed(WarpTile<float, Cols>& sum,
                                        const StagedRows<float, Width>& own,
                                        const StagedRows<float, Width>& rows, int /*width*/) {
    const int g = lane() / 4;
    const int t = lane() % 4;
    TTT_UNROLL
    for (int k = 0; k < Width; k += 8) {
      const float* const upper = own.row(g) + k + 2 * t;
      const float* const lower = own.row(g + 8) + k + 2 * t;
      const float a[4]{upper[0], lower[0], upper[1], lower[1]};
      TTT_UNROLL
      for (int n = 0; n < Cols / 8; ++n) {
        const float* const b = rows.row(n * 8 + g) + k + 2 * t;
        multiply(sum, n, a, b[0], b[1]);
      }
    }
  }

  template <int Cols, int Width>
  static __device__ void add(WarpTile<float, Width>& sum, const WarpTile<float, Cols>& factors,
                             const StagedRows<float, Width>& rows, int /*width*/) {
    const int g = lane() / 4;
    const int t = lane() % 4;
    TTT_UNROLL
    for (int k = 0; k < Cols / 8; ++k) {
      const float a[4]{factor(factors.held[0][2 * k]), factor(factors.held[1][2 * k]),
                       factor(factors.held[0][2 * k + 1]), factor(factors.held[1][2 * k + 1])};
      const float* const b = rows.row(k * 8 + 2 * t) + g;
      TTT_UNROLL
      for (int n = 0; n < Width / 8; ++n) {
        multiply(sum, n, a, b[n * 8], b[n * 8 + StagedRows<float, Width>::stride]);
      }
    }
  }

 private:
  template <int Cols>
  static __device__ void multiply(WarpTile<float, Cols>& sum, int n, const float (&a)[4], float b0,
                                  float b1) {
    asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
        "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(sum.held[0][2 * n]), "+f"(sum.held[0][2 * n + 1]), "+f"(sum.held[1][2 * n]),
          "+f"(sum.held[1][2 * n + 1])
        : "r"(__float_as_uint(a[0])), "r"(__float_as_uint(a[1])), "r"(__float_as_uint(a[2])),
          "r"(__float_as_uint(a[3])), "r"(__float_as_uint(b0)), "r"(__float_as_uint(b1)));
  }
};

/// Factors of 8 bits.
template <>
struct TensorCores<Precision::bfloat16> {
  using Factor = __nv_bfloat16;

  [[nodiscard]] static __device__ Factor factor(float x) { return __float2bfloat16_rn(x); }

  template <int Cols, int Width>
  static __device__ void add_transposed(WarpTile<float, Cols>& sum,
                                        const StagedRows<Factor, Width>& own,
                                        const StagedRows<Factor, Width>& rows, int /*width*/) {
    const int part = lane() / 8;  // of four, of which each loads eight rows of eight factors
    const int row = lane() % 8;
    TTT_UNROLL
    for (int k = 0; k < Width; k += 16) {
      std::uint32_t a[4];
      load<false>(a, own.row(part % 2 * 8 + row) + k + part / 2 * 8);
      TTT_UNROLL
      for (int n = 0; n < Cols / 8; n += 2) {
        std::uint32_t b[4];
        load<false>(b, rows.row((n + part / 2) * 8 + row) + k + part % 2 * 8);
        multiply(sum, n, a, b[0], b[1]);
        multiply(sum, n + 1, a, b[2], b[3]);
      }
    }
  }

  template <int Cols, int Width>
  static __device__ void add(WarpTile<float, Width>& sum, const WarpTile<float, Cols>& factors,
                             const StagedRows<Factor, Width>& rows, int /*width*/) {
    const int part = lane() / 8;
    const int row = lane() % 8;
    TTT_UNROLL
    for (int k = 0; k < Cols / 16; ++k) {
      const std::uint32_t a[4]{pair(&factors.held[0][4 * k]), pair(&factors.held[1][4 * k]),
                               pair(&factors.held[0][4 * k + 2]),
                               pair(&factors.held[1][4 * k + 2])};
      TTT_UNROLL
      for (int n = 0; n < Width / 8; n += 2) {
        std::uint32_t b[4];
        load<true>(b, rows.row(k * 16 + part % 2 * 8 + row) + (n + part / 2) * 8);
        multiply(sum, n, a, b[0], b[1]);
        multiply(sum, n + 1, a, b[2], b[3]);
      }
    }
  }

 private:
  [[nodiscard]] static __device__ std::uint32_t pair(const float* x) {
    const __nv_bfloat162 both = __floats2bfloat162_rn(x[0], x[1]);
    return reinterpret_cast<const std::uint32_t&>(both);
  }

  /// Four blocks of eight rows of eight factors, or their transposes.
  template <bool Transposed>
  static __device__ void load(std::uint32_t (&four)[4], const Factor* row) {
    const auto address = static_cast<std::uint32_t>(__cvta_generic_to_shared(row));
    if constexpr (Transposed) {
      asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                   : "=r"(four[0]), "=r"(four[1]), "=r"(four[2]), "=r"(four[3])
                   : "r"(address)
                   : "memory");
    } else {
      asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                   : "=r"(four[0]), "=r"(four[1]), "=r"(four[2]), "=r"(four[3])
                   : "r"(address)
                   : "memory");
    }
  }

  template <int Cols>
  static __device__ void multiply(WarpTile<float, Cols>& sum, int n, const std::uint32_t (&a)[4],
                                  std::uint32_t b0, std::uint32_t b1) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
        "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(sum.held[0][2 * n]), "+f"(sum.held[0][2 * n + 1]), "+f"(sum.held[1][2 * n]),
          "+f"(sum.held[1][2 * n + 1])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  }
};

/// How products of S are computed.
template <class S, Precision P>
using Arithmetic =
    std::conditional_t<std::same_as<S, float> && P != Precision::float32, TensorCores<P>, Plain<S>>;

#else

template <class S, Precision P>
using Arithmetic = Plain<S>;

#endif

///@{
/// The same of duals, by the rule of the product.
template <class Arithmetic, class S, int Cols, class E, int Width>
TTT_HD void add_transposed(WarpTile<S, Cols>& sum, const StagedRows<E, Width>& own,
                           const StagedRows<E, Width>& rows, int width) {
  Arithmetic::add_transposed(sum, own, rows, width);
}
template <class Arithmetic, class S, int Cols, class E, int Width>
TTT_HD void add_transposed(DualTile<S, Cols>& sum, const DualStagedRows<E, Width>& own,
                           const DualStagedRows<E, Width>& rows, int width) {
  Arithmetic::add_transposed(sum.value, own.value, rows.value, width);
  Arithmetic::add_transposed(sum.tangent, own.tangent, rows.value, width);
  Arithmetic::add_transposed(sum.tangent, own.value, rows.tangent, width);
}
template <class Arithmetic, class S, int Cols, class E, int Width>
TTT_HD void add_product(WarpTile<S, Width>& sum, const WarpTile<S, Cols>& factors,
                        const StagedRows<E, Width>& rows, int width) {
  Arithmetic::add(sum, factors, rows, width);
}
template <class Arithmetic, class S, int Cols, class E, int Width>
TTT_HD void add_product(DualTile<S, Width>& sum, const DualTile<S, Cols>& factors,
                        const DualStagedRows<E, Width>& rows, int width) {
  Arithmetic::add(sum.value, factors.value, rows.value, width);
  Arithmetic::add(sum.tangent, factors.tangent, rows.value, width);
  Arithmetic::add(sum.tangent, factors.value, rows.tangent, width);
}
///@}

}  // namespace ttt::gpu::detail
