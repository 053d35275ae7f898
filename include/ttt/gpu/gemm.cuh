// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/view.hpp>
#include <ttt/gpu/backend.cuh>

#include <concepts>
#include <type_traits>

#if TTT_ON_CUDA
#include <cublas_v2.h>
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

inline void expect_done(cublasStatus_t status, const char* asked) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw DeviceError(std::string(asked) + ": cuBLAS answered " + cublasGetStatusString(status));
}

/// A handle of this thread on the one stream.
[[nodiscard]] inline cublasHandle_t cublas() {
  struct Handle {
    cublasHandle_t handle{};
    Handle() {
      expect_done(cublasCreate(&handle), "gemm");
      expect_done(cublasSetStream(handle, stream()), "gemm");
    }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    ~Handle() { cublasDestroy(handle); }
  };
  thread_local const Handle mine;
  return mine.handle;
}

/// out = a b or out += a b. cuBLAS has columns first: to it our arrays are transposed, and the
/// factors change places.
template <std::floating_point S>
void gemm(View<S> out, View<const S> a, View<const S> b, Flip flip, bool add, Precision precision) {
  if (out.rows == 0 || out.cols == 0) return;
  const Index inner = flip == Flip::left ? a.rows : a.cols;
  const S one = 1;
  const S kept = add ? 1 : 0;
  constexpr bool is_float = std::same_as<S, float>;
  constexpr cudaDataType_t type = is_float ? CUDA_R_32F : CUDA_R_64F;
  const cublasComputeType_t compute = !is_float                         ? CUBLAS_COMPUTE_64F
                                      : precision == Precision::float32 ? CUBLAS_COMPUTE_32F
                                      : precision == Precision::bfloat16
                                          ? CUBLAS_COMPUTE_32F_FAST_16BF
                                          : CUBLAS_COMPUTE_32F_FAST_TF32;
  expect_done(
      cublasGemmEx(cublas(), flip == Flip::right ? CUBLAS_OP_T : CUBLAS_OP_N,
                   flip == Flip::left ? CUBLAS_OP_T : CUBLAS_OP_N, static_cast<int>(out.cols),
                   static_cast<int>(out.rows), static_cast<int>(inner), &one, b.data, type,
                   static_cast<int>(b.stride), a.data, type, static_cast<int>(a.stride), &kept,
                   out.data, type, static_cast<int>(out.stride), compute, CUBLAS_GEMM_DEFAULT),
      "gemm");
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
