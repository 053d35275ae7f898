// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace ttt {

/// Lets the process keep the memory that it frees, for what it allocates next; for the beginning of
/// a program that reads or trains.
///
/// The allocator of the GNU C library gives large arrays back to the system when they are freed,
/// and each new one then waits while its pages are cleared. A reader allocates such arrays for
/// every chunk. The process stays as large as it once was; arrays above 32 MiB are given back
/// still.
///
/// \return whether there is such an allocator, and it agrees
[[nodiscard]] inline bool keep_freed_memory() {
#if defined(__GLIBC__)
  constexpr int largest = 32 << 20;  // that the allocator takes
  constexpr int never = -1;
  return mallopt(M_MMAP_THRESHOLD, largest) == 1 && mallopt(M_TRIM_THRESHOLD, never) == 1;
#else
  return false;
#endif
}

}  // namespace ttt
