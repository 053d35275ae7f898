// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the benchmarks of a device share: rows of results, a clock and random numbers.

#include <ttt/algebra/array.hpp>
#include <ttt/gpu/matrix.cuh>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <iomanip>
#include <iostream>
#include <string>
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

/// One line of results, what it was measured on in words.
struct Row {
  std::string what;
  double value = 0;
  std::string unit;
  Index runs = 1;  ///< of which the value is the median
  Wanted wanted{};

  /// Prints it as a line of a table, at once: a run that is stopped leaves what it measured.
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
  } catch (const std::exception& error) {
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

}  // namespace device
