// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <ttt/algebra/product.hpp>
#include <ttt/cpu/matrix.hpp>
#include <ttt/parallel/team.hpp>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <cstdint>
#include <fstream>
#include <limits>
#include <sstream>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace support {

namespace {

std::string cpu_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.starts_with("model name")) return line.substr(line.find(": ") + 2);
  return "unknown";
}

std::string compiler_name() {
#ifdef __clang__
  return "clang " __clang_version__;
#else
  return "gcc " __VERSION__;
#endif
}

}  // namespace

Report Machine::report() const {
  return Report().set("cpu", cpu).set("cores", cores).set("compiler", compiler);
}

Machine this_machine() {
  return {.cpu = cpu_name(),
          .cores = std::max<ttt::Index>(1, std::thread::hardware_concurrency()),
          .compiler = compiler_name()};
}

ttt::Index resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  ttt::Index total_pages = 0;
  ttt::Index resident_pages = 0;
  statm >> total_pages >> resident_pages;
  return resident_pages * ::sysconf(_SC_PAGESIZE);
}

ttt::Index peak_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss * 1024;
}

double read_bandwidth(ttt::Index threads, ttt::Index bytes) {
  using Words = Eigen::Array<std::int32_t, Eigen::Dynamic, 1>;
  const ttt::Index share = bytes / threads / static_cast<ttt::Index>(sizeof(std::int32_t));

  double best = std::numeric_limits<double>::infinity();
  std::atomic<ttt::Index> wrong = 0;
  Stopwatch watch;
  double begun = 0.0;
  bool reading = false;
  // Runs each time all threads have arrived, before any goes on: a pass begins or ends.
  const auto turn = [&]() noexcept {
    const double now = watch.seconds();
    if (reading) best = std::min(best, now - begun);
    reading = !reading;
    begun = watch.seconds();
  };
  std::barrier meet(threads, turn);
  const auto read = [&] {
    const Words words = Words::Ones(share);  // each thread touches its own part first
    for (int pass = 0; pass < 5; ++pass) {
      meet.arrive_and_wait();
      const bool right = words.sum() == share;
      meet.arrive_and_wait();
      wrong += right ? 0 : 1;
    }
  };

  std::vector<std::jthread> others;
  for (ttt::Index i = 1; i < threads; ++i) others.emplace_back(read);
  read();
  others.clear();
  if (wrong > 0) throw ttt::NumberError("read_bandwidth: memory must hold what was written");
  return static_cast<double>(share * threads) * sizeof(std::int32_t) / best;
}

double product_rate(ttt::Index threads) {
  ttt::Team team(threads);
  const ttt::Team::Scope scope(threads > 1 ? &team : nullptr);
  double best = 0.0;
  for (const ttt::Index size : {512, 1024}) {
    const ttt::Matrix<float> a = ttt::Matrix<float>::Random(size, size);
    const ttt::Matrix<float> b = ttt::Matrix<float>::Random(size, size);
    ttt::Matrix<float> c(size, size);
    for (int i = 0; i < 8; ++i) {
      const Stopwatch watch;
      ttt::gemm<ttt::Matrix<float>>(ttt::view(c), ttt::view(a), ttt::view(b), ttt::Flip::none,
                                    false);
      const auto side = static_cast<double>(size);
      best = std::max(best, 2.0 * side * side * side / watch.seconds());
    }
  }
  return best;
}

}  // namespace support
