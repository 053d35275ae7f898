// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/place.hpp>

#include <doctest/doctest.h>

#include "laws/entries.hpp"

namespace laws {

/// \law order  one position for each entry, in the order of the text and before the window; or
///             none for any
/// \law pure   equal entries have equal positions
template <Place P>
void check_place() {
  Random random(4);
  for (Index count = 0; count < 30; ++count) {
    const auto entries = drawn_entries(count, random);
    const Index end = entries.empty() ? 7 : entries.back().position + 1 + random.below(5);
    const P place;
    const auto positions = place(entries, end);
    CHECK(positions == P{}(entries, end));
    if (!positions) continue;
    CAPTURE(count);
    REQUIRE(positions->size() == entries.size());
    for (std::size_t n = 0; n < entries.size(); ++n) {
      CHECK((*positions)[n] < end);
      if (n > 0) CHECK((*positions)[n] > (*positions)[n - 1]);
    }
  }
}

}  // namespace laws
