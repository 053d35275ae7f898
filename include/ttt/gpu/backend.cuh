// SPDX-License-Identifier: Apache-2.0
#pragma once

// What differs between the back ends of Thrust, and nothing else does: CUDA where the compiler is
// nvcc, else one of the host's (THRUST_DEVICE_SYSTEM), on which the same text is tested.

#include <ttt/error.hpp>
#include <ttt/host_device.hpp>
#include <ttt/types.hpp>

#include <thrust/execution_policy.h>
#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string>

#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
#define TTT_ON_CUDA 1
#include <cuda_runtime_api.h>
#else
#define TTT_ON_CUDA 0
#endif

namespace ttt::gpu {

/// The device, or its driver, did not do what was asked.
struct DeviceError : Error {
  using Error::Error;
};

/// Why nothing can run here, such as a missing driver; empty if it can.
[[nodiscard]] inline std::string unavailable() {
#if TTT_ON_CUDA
  int devices = 0;
  const cudaError_t status = cudaGetDeviceCount(&devices);
  if (status != cudaSuccess) return cudaGetErrorString(status);
  return devices == 0 ? "there is no device" : "";
#else
  return {};
#endif
}

}  // namespace ttt::gpu

namespace ttt::gpu::detail {
[[nodiscard]] inline std::atomic<std::int64_t>& waits_so_far() {
  static std::atomic<std::int64_t> count{0};
  return count;
}
}  // namespace ttt::gpu::detail

namespace ttt::gpu {
/// How often the host has waited for the device: whenever numbers of an array came to it.
[[nodiscard]] inline Index waits() { return detail::waits_so_far(); }
}  // namespace ttt::gpu

// Functions of this folder are in a namespace that no array has, so that none of them hides those
// of the same name that are for arrays of every storage.
namespace ttt::gpu::detail {

#if TTT_ON_CUDA

/// Throws DeviceError, which says what was asked, unless the call succeeded.
inline void expect_done(cudaError_t status, const char* asked) {
  if (status == cudaSuccess) return;
  throw DeviceError(std::string(asked) + ": the device answered " + cudaGetErrorString(status));
}

/// The one stream on which everything runs in the order of the calls, whichever thread makes them.
[[nodiscard]] inline cudaStream_t stream() {
  static const cudaStream_t one = [] {
    cudaStream_t made{};
    expect_done(cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking), "stream");
    cudaMemPool_t pool{};
    int device = 0;
    expect_done(cudaGetDevice(&device), "stream");
    expect_done(cudaDeviceGetDefaultMemPool(&pool, device), "stream");
    std::uint64_t all = ~std::uint64_t{0};  // what is released stays in the pool
    expect_done(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &all), "stream");
    return made;
  }();
  return one;
}

/// Where Thrust runs.
[[nodiscard]] inline auto policy() { return thrust::cuda::par_nosync.on(stream()); }

[[nodiscard]] inline void* allocate(std::size_t bytes) {
  void* memory = nullptr;
  expect_done(cudaMallocAsync(&memory, bytes, stream()), "allocate");
  return memory;
}
inline void release(void* memory) { cudaFreeAsync(memory, stream()); }

inline void copy(void* to, const void* from, std::size_t bytes) {
  expect_done(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream()), "copy");
}
/// Fills memory with zeros.
inline void clear(void* memory, std::size_t bytes) {
  expect_done(cudaMemsetAsync(memory, 0, bytes, stream()), "clear");
}
/// Waits for everything that was asked so far.
inline void wait() {
  ++waits_so_far();
  expect_done(cudaStreamSynchronize(stream()), "wait");
}

#else

[[nodiscard]] inline auto policy() { return thrust::device; }
[[nodiscard]] inline void* allocate(std::size_t bytes) { return ::operator new(bytes); }
inline void release(void* memory) { ::operator delete(memory); }
inline void copy(void* to, const void* from, std::size_t bytes) { std::memcpy(to, from, bytes); }
inline void clear(void* memory, std::size_t bytes) { std::memset(memory, 0, bytes); }
inline void wait() { ++waits_so_far(); }

#endif

/// f(n) for n in 0..count-1, in any order.
template <class F>
void for_each_index(Index count, const F& f) {
  if (count > 0) thrust::for_each_n(policy(), thrust::counting_iterator<Index>(0), count, f);
}

}  // namespace ttt::gpu::detail
