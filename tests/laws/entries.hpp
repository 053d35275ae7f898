// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/entry.hpp>
#include <ttt/random.hpp>

#include <cmath>
#include <vector>

namespace laws {

using namespace ttt;

/// Entries in the order of a text, with numbers from so few that many are equal.
inline std::vector<Entry> drawn_entries(Index count, Random& random) {
  std::vector<Entry> entries;
  Index position = random.below(4);
  for (Index n = 0; n < count; ++n) {
    const auto few = [&] { return static_cast<double>(random.below(5)) - 1; };
    entries.push_back({.position = position,
                       .surprisal = few() + 1,
                       .keep = few(),
                       .log_retention = -std::abs(few()),
                       .signal = few(),
                       .attended = few() + 1,
                       .attended_in_chunk = few() + 1,
                       .attended_last = few() + 1,
                       .readers = random.below(3),
                       .attended_at = position + random.below(9),
                       .now = 100,
                       .insertions = random.below(4)});
    position += 1 + random.below(3);
  }
  return entries;
}

/// An offer for each entry, whose neighbours are the others.
inline std::vector<Offer> offers_of(const std::vector<Entry>& entries,
                                    const std::vector<double>& surprisal) {
  std::vector<Offer> offers;
  for (const Entry& entry : entries) {
    offers.push_back({.entry = entry,
                      .surprisal = surprisal,
                      .at = offers.size(),
                      .reconstruction = std::abs(entry.keep),
                      .attention = surprisal});  // any numbers that are not negative
  }
  return offers;
}

}  // namespace laws
