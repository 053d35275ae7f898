// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/evict.hpp>

#include <doctest/doctest.h>

#include "laws/entries.hpp"

namespace laws {

/// \law order  a strict weak order: nothing is evicted before itself; of two, one at most is
///             evicted before the other; that, and neither being so, are transitive
/// \law pure   it depends on the two entries alone
template <Evict P>
void check_evict() {
  Random random(3);
  const P evicted_before;
  int broken = 0;
  int ordered = 0;
  for (int round = 0; round < 5; ++round) {
    const auto entries = drawn_entries(40, random);
    const auto equal = [&](const Entry& a, const Entry& b) {
      return !evicted_before(a, b) && !evicted_before(b, a);
    };
    for (const Entry& a : entries) {
      broken += evicted_before(a, a);
      for (const Entry& b : entries) {
        ordered += evicted_before(a, b);
        broken += evicted_before(a, b) && evicted_before(b, a);
        broken += evicted_before(a, b) != P{}(Entry(a), Entry(b));
        for (const Entry& c : entries) {
          broken += evicted_before(a, b) && evicted_before(b, c) && !evicted_before(a, c);
          broken += equal(a, b) && equal(b, c) && !equal(a, c);
        }
      }
    }
  }
  CHECK(broken == 0);
  CHECK(ordered > 0);  // it says something
}

}  // namespace laws
