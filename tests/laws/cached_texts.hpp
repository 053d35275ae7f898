// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/cached_window.hpp>

#include <string>
#include <vector>

#include "laws/texts.hpp"

namespace laws {

/// A small model whose learning blocks cache the highest keep scores. Its window is no multiple of
/// its chunk.
inline constexpr ModelSpec keeping =
    checked({.vocab = 13, .width = 8, .heads = 2, .hidden = 6, .window = 10, .chunk = 4});
using Keeping = CachedTttE2e<keeping, 3, 2, Cache<6, evict::LowestKeepScore, signal::KeepScore>>;

/// The other choice wherever spec and cache have one. What a signal looks at is longer than a
/// chunk.
inline constexpr ModelSpec signalling =
    checked({.vocab = 11,
             .width = 6,
             .heads = 1,
             .hidden = 7,
             .window = 8,
             .chunk = 4,
             .rotary = {.pairs = RotaryPairs::half_split, .base = 50},
             .norms = Norms::before,
             .query_key_norm = QueryKeyNorm::none,
             .output = Head::separate});
using Signalling = CachedTttE2e<
    signalling, 2, 1,
    Cache<5, With<signal::MeanSurprisal{.reach = 9}>, With<evict::PinFirst<>{.count = 2}>,
          With<admit::WithNeighbours<admit::AtLeast>{.reach = 1, .first = {.threshold = 2}}>,
          place::Absolute>>;

/// A gate of its own for what the cache answers, among keep scores.
using Gating = CachedTttE2e<keeping, 2, 1, Cache<5, fuse::Gated, evict::LowestKeepScore>>;

/// What was read little and is reconstructed well is evicted first: both change with the
/// parameters.
struct ReadAndUnlike {
  bool operator()(const Entry& a, const Entry& b) const {
    return a.attended + a.signal < b.attended + b.signal;
  }
};
using Attending =
    CachedTttE2e<signalling, 2, 1, Cache<5, signal::Reconstruction, ReadAndUnlike, place::Nowhere>>;

/// What policies know of attention in the window, with as much weight each.
struct ReadInWindow {
  static constexpr PolicyTraits traits{.window_attention = true};
  bool operator()(const Entry& a, const Entry& b) const { return read(a) < read(b); }

 private:
  static double read(const Entry& e) {
    return e.attended + e.attended_in_chunk + e.attended_last + e.signal;
  }
};
using Observing = CachedTttE2e<signalling, 2, 1, Cache<5, signal::MeanAttention, ReadInWindow>>;

/// Retentions, of two heads that four heads of queries share.
inline constexpr ModelSpec sharing = checked(
    {.vocab = 13, .width = 8, .heads = 4, .hidden = 6, .window = 10, .chunk = 4, .kv_heads = 2});
using Retaining = CachedTttE2e<sharing, 2, 1, Cache<5, evict::LeastRetained>>;

/// Every entry that a memory of blocks stores, block by block.
template <class Memory>
std::vector<Entry> cached_entries(const Memory& memory) {
  std::vector<Entry> all;
  for_each_metadata(
      [&](const std::string&, const AnyMetadata& data) {
        if (const auto* entries = dynamic_cast<const Metadata<Entry>*>(&data)) {
          all.insert(all.end(), entries->begin(), entries->end());
        }
      },
      memory);
  return all;
}

}  // namespace laws
