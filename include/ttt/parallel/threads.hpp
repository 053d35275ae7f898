// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace ttt {

/// Calls task(i) for i = 0..count-1 on up to `threads` threads, the caller's among them.
///
/// Which thread takes which i is left open; a task that writes only what belongs to i gives the
/// same results for any number of threads.
///
/// \throws the first exception of a task, after all have ended.
template <class Task>
void for_each_index(Index threads, Index count, Task&& task) {
  std::atomic<Index> next{0};
  std::exception_ptr failure;
  std::mutex guard;
  const auto work = [&] {
    for (Index i = next++; i < count; i = next++) {
      try {
        task(i);
      } catch (...) {
        const std::lock_guard lock(guard);
        if (!failure) failure = std::current_exception();
      }
    }
  };
  {
    std::vector<std::jthread> others;
    for (Index t = 1; t < std::min(threads, count); ++t) others.emplace_back(work);
    work();
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace ttt
