// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/signal.hpp>

#include <doctest/doctest.h>

#include <cmath>

#include "laws/entries.hpp"

namespace laws {

/// \law finite  finite for every finite entry, wherever it stands among its neighbours
/// \law pure    equal offers have equal signals
template <Signal P>
void check_signal() {
  Random random(1);
  for (Index count = 1; count < 30; ++count) {
    const auto entries = drawn_entries(count, random);
    std::vector<double> surprisal;
    for (const Entry& entry : entries) surprisal.push_back(entry.surprisal);
    for (const Offer& offer : offers_of(entries, surprisal)) {
      CAPTURE(count);
      CAPTURE(offer.at);
      const P signal;
      const double number = signal(offer);
      CHECK(std::isfinite(number));
      CHECK(signal(offer) == number);
      CHECK(P{}(offer) == number);
    }
  }
}

}  // namespace laws
