// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/admit.hpp>

#include <doctest/doctest.h>

#include "laws/entries.hpp"

namespace laws {

/// \law pure  the answer does not depend on earlier ones, nor on attention to the offered
template <Admit P>
void check_admit() {
  Random random(2);
  for (Index count = 1; count < 30; ++count) {
    const auto offered = drawn_entries(count, random);
    const P admit;
    std::vector<bool> forwards;
    for (std::size_t n = 0; n < offered.size(); ++n) forwards.push_back(admit(offered, n));
    for (std::size_t n = offered.size(); n-- > 0;) {
      CAPTURE(count);
      CAPTURE(n);
      CHECK(admit(offered, n) == forwards[n]);
      CHECK(P{}(offered, n) == forwards[n]);
      auto read = offered;
      for (Entry& entry : read) {
        entry.attended += 1;
        entry.readers += 3;
        entry.attended_at += 5;
      }
      CHECK(admit(read, n) == forwards[n]);
    }
  }
}

}  // namespace laws
