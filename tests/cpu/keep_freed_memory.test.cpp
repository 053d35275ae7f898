// SPDX-License-Identifier: Apache-2.0
#include <ttt/cpu/keep_freed_memory.hpp>
#include <ttt/cpu/matrix.hpp>

#include <doctest/doctest.h>

#include <sys/resource.h>
#include <vector>

namespace {

using namespace ttt;

/// Pages that the system gives for large arrays that are needed at the same time.
long pages_of_new_arrays() {
  const auto pages = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
  };
  const long before = pages();
  const std::vector<Matrix<double>> arrays(8, Matrix<double>::Ones(1000, 1000));
  CHECK(arrays.back()(999, 999) == 1);
  return pages() - before;
}

TEST_SUITE("cpu") {
  TEST_CASE("Arrays are made of memory that was freed before, without waiting for new pages") {
    if (!keep_freed_memory()) {
#if defined(__GLIBC__)
      CHECK(mallopt(M_MMAP_THRESHOLD, 1 << 20) == 0);  // it takes no setting: a sanitizer's
#endif
      return;
    }
    static_cast<void>(pages_of_new_arrays());
#if !defined(__SANITIZE_THREAD__)        // whose allocator agrees to settings and has none
    CHECK(pages_of_new_arrays() < 100);  // of nearly 2000 in each array
#endif
  }
}

}  // namespace
