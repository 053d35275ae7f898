// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>

#include <chrono>
#include <string>

#include "report.hpp"

namespace support {

/// What a number was measured on.
struct Machine {
  std::string cpu;       ///< the processor's name for itself
  ttt::Index cores;      ///< hardware threads that this process may use
  std::string compiler;  ///< with its version

  [[nodiscard]] Report report() const;
};
[[nodiscard]] Machine this_machine();

/// Memory of this process that is in use now.
///
/// \units bytes
[[nodiscard]] ttt::Index resident_bytes();

/// The most memory this process has had in use.
///
/// \units bytes
[[nodiscard]] ttt::Index peak_bytes();

/// Measures wall clock time from where it is made.
class Stopwatch {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(Clock::now() - begun_).count();
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point begun_ = Clock::now();
};

/// Measures how fast memory is read by `threads` threads together, each its part of one buffer.
///
/// The best of five passes after one that fills it; every pass adds up all that is there.
///
/// \units bytes a second
/// \pre   threads > 0; `bytes` exceeds the caches by far, as the default does
[[nodiscard]] double read_bandwidth(ttt::Index threads, ttt::Index bytes = ttt::Index{512} << 20);

/// Measures the rate of the library's float32 matrix products: the best of several of 512^3 and
/// 1024^3.
///
/// \units floating-point operations a second
/// \pre   threads > 0
[[nodiscard]] double product_rate(ttt::Index threads = 1);

}  // namespace support
