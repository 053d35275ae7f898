// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the benchmarks of a device share: rows of results, a clock, random numbers, and what cuBLAS
// does by itself.

#include <ttt/algebra/array.hpp>
#include <ttt/gpu/matrix.cuh>

#include <cuda_bf16.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iomanip>
#include <iostream>
#include <string>
#include <type_traits>
#include <vector>

namespace device {

using namespace ttt;
using gpu::Precision;

/// What a number should be.
struct Wanted {
  std::string words;  ///< "at most" or "at least"; empty for nothing
  double number = 0;
};
inline Wanted at_most(double number) { return {"at most", number}; }
inline Wanted at_least(double number) { return {"at least", number}; }

/// One line of results.
struct Row {
  std::string what;
  double value = 0;
  std::string unit;
  Index runs = 1;  ///< of which the value is the median
  Wanted wanted{};

  /// Prints it as a line of a table, at once, so that a run that is stopped leaves what it
  /// measured.
  void print() const {
    std::cout << "| " << what << " | " << value << " | " << unit << " | " << runs << " | ";
    if (wanted.words.empty()) {
      std::cout << "| |" << std::endl;
      return;
    }
    const bool met = wanted.words == "at most" ? value <= wanted.number : value >= wanted.number;
    std::cout << wanted.words << ' ' << wanted.number << " | " << (met ? "met" : "not met") << " |"
              << std::endl;
  }
};

/// Runs the body, which prints rows, or says why there is no device to run it on.
template <class Body>
int run(Body&& body) {
  if (const std::string why = gpu::unavailable(); !why.empty()) {
    std::cout << "skipped: " << why << '\n';
    return 77;  // as of the tests
  }
  std::cout << std::setprecision(4) << "| what | value | unit | runs | wanted | |\n"
            << "| --- | --- | --- | --- | --- | --- |" << std::endl;
  try {
    body();
  } catch (const Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}

[[nodiscard]] constexpr const char* name(Precision precision) {
  return precision == Precision::float32 ? "float32"
         : precision == Precision::tf32  ? "TF32"
                                         : "bfloat16";
}

/// A moment on the library's stream.
class Moment {
 public:
  Moment() {
    gpu::detail::expect_done(cudaEventCreate(&event_), "time");
    gpu::detail::expect_done(cudaEventRecord(event_, gpu::detail::stream()), "time");
  }
  Moment(const Moment&) = delete;
  Moment& operator=(const Moment&) = delete;
  ~Moment() { cudaEventDestroy(event_); }

  /// From `begin` to this moment, for which it waits.
  [[nodiscard]] double seconds_since(const Moment& begin) const {
    float milliseconds = 0;
    gpu::detail::expect_done(cudaEventSynchronize(event_), "time");
    gpu::detail::expect_done(cudaEventElapsedTime(&milliseconds, begin.event_, event_), "time");
    return milliseconds / 1e3;
  }

 private:
  cudaEvent_t event_{};
};

/// The time of one call.
struct Time {
  double seconds;
  Index runs;  ///< of which it is the median
};

[[nodiscard]] inline double median(std::vector<double> numbers) {
  std::ranges::nth_element(numbers, numbers.begin() + std::ssize(numbers) / 2);
  return numbers[numbers.size() / 2];
}

/// Times f on the device, waiting for it included: after a call that warms up, runs of as many
/// calls as fill five milliseconds, until a second is over.
template <class F>
Time time_of(F&& f) {
  const auto seconds_of = [&f](Index calls) {
    gpu::detail::wait();
    const Moment begin;
    for (Index n = 0; n < calls; ++n) f();
    const Moment end;
    return end.seconds_since(begin) / static_cast<double>(calls);
  };
  seconds_of(1);
  const double once = seconds_of(1);
  const Index calls = std::max<Index>(1, static_cast<Index>(5e-3 / once));
  std::vector<double> runs{once};
  double total = once;
  while (total < 1 && runs.size() < 25) {
    runs.push_back(seconds_of(calls));
    total += runs.back() * static_cast<double>(calls);
  }
  return {median(runs), std::ssize(runs)};
}

template <class T>
__global__ void draw_element(T* to, Index count, std::uint64_t seed) {
  const Index n = static_cast<Index>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (n >= count) return;
  std::uint64_t bits = (seed << 40) + static_cast<std::uint64_t>(n);  // splitmix64
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
  to[n] = static_cast<T>(static_cast<float>(bits >> 40) / 8388608.0F - 1);
}
/// Writes numbers from -1 to 1, other ones for each seed.
template <class T>
void draw(T* to, Index count, std::uint64_t seed) {
  const auto blocks = static_cast<unsigned>((count + 255) / 256);
  draw_element<<<blocks, 256, 0, gpu::detail::stream()>>>(to, count, seed);
  gpu::detail::expect_done(cudaGetLastError(), "draw");
}
template <Storage M>
M drawn(Index rows, Index cols, std::uint64_t seed) {
  M array(rows, cols);
  draw(view(array).data, rows * cols, seed);
  return array;
}

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

/// The time of cuBLAS alone, for factors that have the precision, where that is half as many bytes.
template <Precision P>
Time cublas_time(Product p) {
  using T = std::conditional_t<P == Precision::bfloat16, __nv_bfloat16, float>;
  constexpr cudaDataType_t type = P == Precision::bfloat16 ? CUDA_R_16BF : CUDA_R_32F;
  constexpr cublasComputeType_t compute =
      P == Precision::tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
  gpu::detail::Buffer<T> a(p.rows * p.inner);
  gpu::detail::Buffer<T> b(p.inner * p.cols);
  gpu::detail::Buffer<float> c(p.rows * p.cols);
  draw(a.data(), a.size(), 1);
  draw(b.data(), b.size(), 2);
  const float one = 1;
  const float zero = 0;
  const auto [rows, inner, cols] =
      std::array{static_cast<int>(p.rows), static_cast<int>(p.inner), static_cast<int>(p.cols)};
  return time_of([&] {
    gpu::detail::expect_done(
        cublasGemmEx(gpu::detail::cublas(), CUBLAS_OP_N, CUBLAS_OP_N, cols, rows, inner, &one,
                     b.data(), type, cols, a.data(), type, inner, &zero, c.data(), CUDA_R_32F, cols,
                     compute, CUBLAS_GEMM_DEFAULT),
        "cuBLAS");
  });
}

/// What cuBLAS alone does with large products, in operations a second: the limit of the others.
template <Precision P>
double product_rate() {
  constexpr Product large{8192, 8192, 8192};
  return large.operations() / cublas_time<P>(large).seconds;
}

}  // namespace device
