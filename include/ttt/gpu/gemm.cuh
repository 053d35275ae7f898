// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/view.hpp>
#include <ttt/gpu/backend.cuh>

#include <concepts>
#include <type_traits>

#if TTT_ON_CUDA
#include <ttt/gpu/gemm_cublas.cuh>
#endif

namespace ttt::gpu {

/// How products of float are computed; their sums are float.
enum class Precision {
  float32,   ///< every bit
  tf32,      ///< factors rounded to 11 bits
  bfloat16,  ///< factors rounded to 8 bits
};

}  // namespace ttt::gpu

namespace ttt::gpu::detail {

#if TTT_ON_CUDA

/// out = a b or out += a b.
template <std::floating_point S>
void gemm(View<S> out, View<const S> a, View<const S> b, Flip flip, bool add, Precision precision) {
  if (out.rows == 0 || out.cols == 0) return;
  if constexpr (std::same_as<S, float>) {
    if (precision == Precision::bfloat16) {
      const Buffer<__nv_bfloat16> left = halved(a);
      const Buffer<__nv_bfloat16> right = halved(b);
      return multiply(out, as_view(left, a), as_view(right, b), flip, add, CUBLAS_COMPUTE_32F);
    }
  }
  multiply(out, a, b, flip, add,
           std::same_as<S, double>        ? CUBLAS_COMPUTE_64F
           : precision == Precision::tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32
                                          : CUBLAS_COMPUTE_32F);
}

#else

/// One element of a product.
template <class S>
struct GemmElement {
  View<S> out;
  View<const S> a, b;
  Flip flip;
  bool add;

  TTT_HD void operator()(Index n) const {
    const Index i = n / out.cols;
    const Index j = n % out.cols;
    const Index inner = flip == Flip::left ? a.rows : a.cols;
    S& to = out.data[i * out.stride + j];
    S sum = add ? to : S(0);
    for (Index k = 0; k < inner; ++k) {
      sum += a.data[flip == Flip::left ? k * a.stride + i : i * a.stride + k] *
             b.data[flip == Flip::right ? j * b.stride + k : k * b.stride + j];
    }
    to = sum;
  }
};

/// out = a b or out += a b. Plain, because the host's products are those of another storage.
template <std::floating_point S>
void gemm(View<S> out, View<const S> a, View<const S> b, Flip flip, bool add,
          Precision /*precision*/) {
  for_each_index(out.rows * out.cols, GemmElement<S>{out, a, b, flip, add});
}

#endif

}  // namespace ttt::gpu::detail
