// SPDX-License-Identifier: Apache-2.0
#pragma once

// The products of cuBLAS alone, beside which the library's work is measured.

#include <cublas_v2.h>
#include <cuda_bf16.h>

#include <array>
#include <string>
#include <type_traits>

#include "measure.cuh"

namespace device {

/// The extents of a product: [rows, inner] by [inner, cols].
struct Product {
  Index rows, inner, cols;

  [[nodiscard]] double operations() const {
    return 2 * static_cast<double>(rows) * static_cast<double>(inner) * static_cast<double>(cols);
  }
  [[nodiscard]] std::string name() const {
    return std::to_string(rows) + " x " + std::to_string(inner) + " x " + std::to_string(cols);
  }
};

/// cuBLAS on the library's stream.
class Cublas {
 public:
  Cublas() {
    expect_done(cublasCreate(&handle_));
    expect_done(cublasSetStream(handle_, gpu::detail::stream()));
  }
  Cublas(const Cublas&) = delete;
  Cublas& operator=(const Cublas&) = delete;
  ~Cublas() { cublasDestroy(handle_); }

  /// out = a b, whose factors have the type T; sums are float. It has columns first: to it our
  /// arrays are transposed, and the factors change places.
  template <class T>
  void multiply(const Product& p, const T* a, const T* b, float* out,
                cublasComputeType_t compute) const {
    constexpr cudaDataType_t type = std::is_same_v<T, float> ? CUDA_R_32F : CUDA_R_16BF;
    const auto [rows, inner, cols] =
        std::array{static_cast<int>(p.rows), static_cast<int>(p.inner), static_cast<int>(p.cols)};
    const float one = 1;
    const float zero = 0;
    expect_done(cublasGemmEx(handle_, CUBLAS_OP_N, CUBLAS_OP_N, cols, rows, inner, &one, b, type,
                             cols, a, type, inner, &zero, out, CUDA_R_32F, cols, compute,
                             CUBLAS_GEMM_DEFAULT));
  }

 private:
  static void expect_done(cublasStatus_t status) {
    if (status == CUBLAS_STATUS_SUCCESS) return;
    throw gpu::DeviceError(std::string("cuBLAS answered ") + cublasGetStatusString(status));
  }

  cublasHandle_t handle_{};
};

/// The time of cuBLAS alone. For bfloat16 its factors are stored so, which ours are not.
template <Precision P>
Time cublas_time(const Product& p) {
  using T = std::conditional_t<P == Precision::bfloat16, __nv_bfloat16, float>;
  constexpr cublasComputeType_t compute =
      P == Precision::tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
  const Cublas cublas;
  gpu::detail::Buffer<T> a(p.rows * p.inner);
  gpu::detail::Buffer<T> b(p.inner * p.cols);
  gpu::detail::Buffer<float> out(p.rows * p.cols);
  draw(a.data(), a.size(), 1);
  draw(b.data(), b.size(), 2);
  return time_of([&] { cublas.multiply(p, a.data(), b.data(), out.data(), compute); });
}

/// What cuBLAS alone does with large products, in operations a second: the limit of the others.
template <Precision P>
double product_rate() {
  constexpr Product large{8192, 8192, 8192};
  return large.operations() / cublas_time<P>(large).seconds;
}

}  // namespace device
