// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/entry.hpp>

#include <concepts>
#include <optional>
#include <span>
#include <vector>

namespace ttt {

/// Where kept tokens stand for the queries: place(kept, end) gives each a position, in the frame in
/// which the window's tokens have their positions in the text and in which all before `end` may
/// have left the window; or nothing, for no position at all.
///
/// \law order  one position for each kept token, increasing and before `end`; or none for any
/// \law pure   equal entries stand at equal positions
template <class P>
concept Place = requires(const P& place, std::span<const Entry> kept, Index end) {
  { place(kept, end) } -> std::same_as<std::optional<std::vector<Index>>>;
};

/// Where kept tokens stand for the queries.
namespace place {

/// Side by side, in the order of the text, up to the window: neighbours stay neighbours, and no
/// distance is ever longer than what is kept and the window together.
struct Rank {
  std::optional<std::vector<Index>> operator()(std::span<const Entry> kept, Index end) const {
    std::vector<Index> positions;
    for (Index n = std::ssize(kept); n > 0; --n) positions.push_back(end - n);
    return positions;
  }
};

/// Where they stood in the text. Distances are as long as the text: a model that was trained on
/// shorter texts has never seen them.
struct Absolute {
  std::optional<std::vector<Index>> operator()(std::span<const Entry> kept, Index /*end*/) const {
    std::vector<Index> positions;
    for (const Entry& entry : kept) positions.push_back(entry.position);
    return positions;
  }
};

/// Nowhere: neither the kept keys nor the queries that read them are turned.
struct Nowhere {
  std::optional<std::vector<Index>> operator()(std::span<const Entry> /*kept*/,
                                               Index /*end*/) const {
    return std::nullopt;
  }
};

}  // namespace place

static_assert(Place<place::Rank> && Place<place::Absolute> && Place<place::Nowhere>);

}  // namespace ttt
