// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/entry.hpp>

#include <concepts>
#include <optional>
#include <span>
#include <vector>

namespace ttt {

/// The positions of cached keys: place(entries, end) gives each a position, in the frame in which
/// the window's tokens have their positions in the text and in which all before `end` may have left
/// the window; or nothing, for keys and queries without positions.
///
/// \law order  one position for each entry, increasing and before `end`; or none for any
/// \law pure   equal entries have equal positions
template <class P>
concept Place = requires(const P& place, std::span<const Entry> entries, Index end) {
  { place(entries, end) } -> std::same_as<std::optional<std::vector<Index>>>;
};

/// Positions of cached keys.
namespace place {

/// Side by side, in the order of the text, up to the window: neighbours stay neighbours, and no
/// distance is ever longer than the cache and the window together.
struct Rank {
  std::optional<std::vector<Index>> operator()(std::span<const Entry> entries, Index end) const {
    std::vector<Index> positions;
    for (Index n = std::ssize(entries); n > 0; --n) positions.push_back(end - n);
    return positions;
  }
};

/// Those of the text. Distances are as long as the text: a model that was trained on
/// shorter texts has never seen them.
struct Absolute {
  std::optional<std::vector<Index>> operator()(std::span<const Entry> entries,
                                               Index /*end*/) const {
    std::vector<Index> positions;
    for (const Entry& entry : entries) positions.push_back(entry.position);
    return positions;
  }
};

/// None: neither the cached keys nor the queries that read them are turned.
struct Nowhere {
  std::optional<std::vector<Index>> operator()(std::span<const Entry> /*entries*/,
                                               Index /*end*/) const {
    return std::nullopt;
  }
};

}  // namespace place

static_assert(Place<place::Rank> && Place<place::Absolute> && Place<place::Nowhere>);

}  // namespace ttt
