// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where a program computes. Sources that include this are CUDA where the programs are built for it.

#include <ttt/cpu/matrix.hpp>
#include <ttt/error.hpp>

#include <string>

#ifdef __CUDACC__
#include <ttt/gpu/matrix.cuh>
#endif

namespace support {

/// The help of an option --device.
inline constexpr const char* device_help = "cpu, or cuda where the program is built for it";

/// Calls visit.template operator()<M>(), where M is the storage of a device: "cpu" or "cuda".
///
/// \throws RangeError or gpu::DeviceError, in one line, if there is none
template <class Visit>
auto with_device(const std::string& device, Visit&& visit) {
  if (device == "cpu") return visit.template operator()<ttt::Matrix<float>>();
  if (device != "cuda") throw ttt::RangeError("--device must be cpu or cuda, got " + device);
#ifdef __CUDACC__
  if (const std::string why = ttt::gpu::unavailable(); !why.empty()) {
    throw ttt::gpu::DeviceError("--device cuda: " + why + "; --device cpu needs none");
  }
  return visit.template operator()<ttt::gpu::Matrix<float, ttt::gpu::Precision::tf32>>();
#else
  throw ttt::RangeError("--device cuda: built without CUDA (TTT_CUDA); --device cpu needs none");
#endif
}

}  // namespace support
