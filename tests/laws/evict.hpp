// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/evict.hpp>

#include <doctest/doctest.h>

#include "laws/entries.hpp"

namespace laws {

/// \law order  a strict weak order: nobody leaves before itself; of two, one at most leaves before
///             the other; leaving before, and neither leaving before the other, are transitive
/// \law pure   it depends on the two entries alone
template <Evict P>
void check_evict() {
  Random random(3);
  const P leaves;
  int broken = 0;
  int ordered = 0;
  for (int round = 0; round < 5; ++round) {
    const auto entries = drawn_entries(40, random);
    const auto equal = [&](const Entry& a, const Entry& b) {
      return !leaves(a, b) && !leaves(b, a);
    };
    for (const Entry& a : entries) {
      broken += leaves(a, a);
      for (const Entry& b : entries) {
        ordered += leaves(a, b);
        broken += leaves(a, b) && leaves(b, a);
        broken += leaves(a, b) != P{}(Entry(a), Entry(b));
        for (const Entry& c : entries) {
          broken += leaves(a, b) && leaves(b, c) && !leaves(a, c);
          broken += equal(a, b) && equal(b, c) && !equal(a, c);
        }
      }
    }
  }
  CHECK(broken == 0);
  CHECK(ordered > 0);  // it says something
}

}  // namespace laws
