// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/place.hpp>

#include <doctest/doctest.h>

#include "laws/entries.hpp"

namespace laws {

/// \law order  one position for each kept token, in the order of the text and before the window; or
///             none for any
/// \law pure   equal entries stand at equal positions
template <Place P>
void check_place() {
  Random random(4);
  for (Index count = 0; count < 30; ++count) {
    const auto kept = drawn_entries(count, random);
    const Index end = kept.empty() ? 7 : kept.back().position + 1 + random.below(5);
    const P place;
    const auto positions = place(kept, end);
    CHECK(positions == P{}(kept, end));
    if (!positions) continue;
    CAPTURE(count);
    REQUIRE(positions->size() == kept.size());
    for (std::size_t n = 0; n < kept.size(); ++n) {
      CHECK((*positions)[n] < end);
      if (n > 0) CHECK((*positions)[n] > (*positions)[n - 1]);
    }
  }
}

}  // namespace laws
