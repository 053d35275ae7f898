// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/metadata.hpp>
#include <ttt/algebra/operations/visible_keys.hpp>
#include <ttt/memory/entry.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace ttt::detail {

/// What the keys of one source received in a read, on the host; see ReceivedAttention.
class Received {
 public:
  /// What keys received of queries, of which the first is at `position`.
  Received(std::vector<double> numbers, const VisibleKeys& visible, Index position)
      : numbers_(std::move(numbers)), visible_(visible), position_(position) {}

  [[nodiscard]] Index keys() const { return std::ssize(numbers_) / 3; }

  /// Adds to an entry what the key of a number received.
  void add_to(Entry& entry, Index key) const {
    const double total = at(numbers_, key);
    entry.attended += total;
    entry.attended_in_chunk += total;
    entry.attended_last += at(numbers_, 2 * keys() + key);
    for (Index query = 0; query < std::ssize(visible_.count); ++query) {
      entry.readers += at(visible_.first, query) <= key && key < visible_.end(query);
    }
    const double last = at(numbers_, keys() + key);
    if (last > 0) entry.attended_at = position_ + static_cast<Index>(last) - 1;
  }

 private:
  std::vector<double> numbers_;
  const VisibleKeys& visible_;
  Index position_;
};

/// The entries that each query sees: those that have left its window of so many tokens. The first
/// query is at `position`.
[[nodiscard]] inline VisibleKeys entries_outside(Index window, const Metadata<Entry>& entries,
                                                 Index position, Index queries) {
  std::vector<Index> counts;
  counts.reserve(static_cast<std::size_t>(queries));
  for (Index left = position - window; left < position - window + queries; ++left) {
    const auto unseen =
        std::ranges::partition_point(entries, [&](const Entry& e) { return e.position <= left; });
    counts.push_back(unseen - entries.begin());
  }
  return VisibleKeys::leading(std::move(counts));
}

/// Tokens from each entry to a position.
[[nodiscard]] inline std::vector<Index> ages_at(Index position, const Metadata<Entry>& entries) {
  std::vector<Index> ages;
  ages.reserve(entries.size());
  for (const Entry& entry : entries) ages.push_back(position - entry.position);
  return ages;
}

/// Notes what tokens received in a read: those of the window, and the entries of a cache, some of
/// which a part of the queries saw in the window.
inline void note_attention(Metadata<Entry>& recent, Metadata<Entry>& entries,
                           const Received& in_window, const Received& in_cache) {
  for (Entry& entry : recent) entry.attended_last = 0;
  for (Entry& entry : entries) entry.attended_last = 0;
  for (Index key = 0; key < in_window.keys(); ++key) in_window.add_to(at(recent, key), key);
  for (Index n = 0; n < std::ssize(entries); ++n) {
    Entry& entry = at(entries, n);
    const Index key = recent.empty() ? -1 : entry.position - recent.front().position;
    if (0 <= key && key < in_window.keys()) in_window.add_to(entry, key);
    if (in_cache.keys() > 0) in_cache.add_to(entry, n);
  }
}

}  // namespace ttt::detail
