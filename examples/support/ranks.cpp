// SPDX-License-Identifier: Apache-2.0
#include "ranks.hpp"

#include <charconv>
#include <cstdlib>
#include <string>
#include <string_view>

namespace support {

using ttt::Index;

Index launched() {
  // The names of Open MPI, and of MPICH and those that descend from it.
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}) {
    const char* const text = std::getenv(name);
    if (text == nullptr) continue;
    const std::string_view word = text;
    Index count = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), count);
    if (error == std::errc() && end == word.data() + word.size() && count > 0) return count;
    throw ttt::RangeError(std::string(name) + " must be a number of processes, got " + text);
  }
  return 1;
}

void expect_alone() {
  if (launched() == 1) return;
  throw ttt::RangeError("this program was built without MPI, and " + std::to_string(launched()) +
                        " of it were started together: each would overwrite the files of the "
                        "others; -DTTT_MPI=ON builds it with MPI");
}

Ranks join([[maybe_unused]] bool (*interrupted)()) {
#ifdef TTT_MPI
  return launched() == 1 ? Ranks() : Ranks({.interrupted = interrupted});
#else
  expect_alone();
  return {};
#endif
}

}  // namespace support
