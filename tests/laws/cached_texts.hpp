// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/cached_window.hpp>

#include <vector>

#include "laws/texts.hpp"

namespace laws {

/// A small model whose learning blocks keep what the model's keep scores want most. Its window is
/// no multiple of its chunk.
inline constexpr ModelSpec wanting =
    checked({.vocab = 13, .width = 8, .heads = 2, .hidden = 6, .window = 10, .chunk = 4});
using Wanting = CachedTttE2e<wanting, 3, 2, Cache<6, evict::LeastWanted, signal::KeepScore>>;

/// The other choice wherever spec and cache have one. What a signal looks at is longer than a
/// chunk.
inline constexpr ModelSpec signalling = checked({.vocab = 11,
                                                 .width = 6,
                                                 .heads = 1,
                                                 .hidden = 7,
                                                 .window = 8,
                                                 .chunk = 4,
                                                 .rotary_base = 50,
                                                 .rotary = Rotary::half_split,
                                                 .norms = Norms::before,
                                                 .query_key_norm = QueryKeyNorm::none,
                                                 .head = Head::separate});
using Signalling =
    CachedTttE2e<signalling, 2, 1,
                 Cache<5, signal::MeanSurprisal<9>, evict::PinFirst<2, evict::WeakestSignal>,
                       admit::WithNeighbours<admit::AtLeast<2000>, 1>, place::Absolute>>;

/// A gate of its own for what the cache answers, among keep scores.
using Gating = CachedTttE2e<wanting, 2, 1, Cache<5, fuse::Gated, evict::LeastWanted>>;

/// Who was read little and is given back well leaves first: both change with the parameters.
struct ReadAndUnlike {
  bool operator()(const Entry& a, const Entry& b) const {
    return a.attended + a.signal < b.attended + b.signal;
  }
};
using Attending =
    CachedTttE2e<signalling, 2, 1, Cache<5, signal::Reconstruction, ReadAndUnlike, place::Nowhere>>;

/// Every entry that a memory of blocks keeps, block by block.
template <class Memory>
std::vector<Entry> kept_entries(const Memory& memory) {
  std::vector<Entry> all;
  for_each_notes(
      [&](const Leaf&, const auto& entries) {
        all.insert(all.end(), entries.begin(), entries.end());
      },
      memory);
  return all;
}

}  // namespace laws
