// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/attention_memory.hpp>
#include <ttt/memory/entry.hpp>
#include <ttt/memory/reconstruction.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace ttt::detail {

/// The tokens of a window, in the order of the text, of which the oldest will leave it.
template <class X>
struct WindowTokens {
  const X& keys;                      ///< [recent, kv_heads * head], un-rotated
  const X& values;                    ///< [recent, kv_heads * head]
  const X& keep;                      ///< [recent, ...], as of a cache
  std::span<const double> surprisal;  ///< of the latest tokens, as many or more
  std::span<const Entry> received;    ///< [recent], or empty if it is not wanted
};

/// Offers, and what they refer to.
struct Offers {
  std::vector<double> attention;  ///< see Offer
  std::vector<Offer> all;         ///< [leaving]
};

/// What policies that want `Wants` may know of the first `leaving` tokens of a window, before the
/// token at `position` is read.
template <PolicyTraits Wants, class X>
[[nodiscard]] Offers offers_of(const WindowTokens<X>& window, Index leaving, Index position,
                               Index kv_heads) {
  const Index first = position - row_count(window.keys);
  const auto seen = std::ssize(window.surprisal);
  Offers offers;
  if constexpr (Wants.window_attention) {
    offers.attention.resize(window.surprisal.size());
    std::ranges::transform(window.received, offers.attention.end() - std::ssize(window.received),
                           &Entry::attended_in_chunk);
  }
  std::vector<double> missed;
  if constexpr (Wants.reconstruction) {
    missed = reconstruction_errors(value_of(array_of(window.keys)),
                                   value_of(array_of(window.values)), leaving, kv_heads);
  }
  std::vector<double> scores;
  if constexpr (Wants.scored()) scores = numbers(value_of(array_of(window.keep)));
  offers.all.reserve(static_cast<std::size_t>(leaving));
  for (Index n = 0; n < leaving; ++n) {
    const Index place = first + n - (position - seen);
    Entry entry{.position = first + n, .attended_at = position};
    if constexpr (Wants.window_attention) entry = at(window.received, n);
    entry.surprisal = at(window.surprisal, place);
    if constexpr (Wants.keep_score) entry.keep = at(scores, n);
    if constexpr (Wants.retention) {
      for (Index head = 0; head < kv_heads; ++head) {
        entry.log_retention += at(scores, n * kv_heads + head) / static_cast<double>(kv_heads);
      }
    }
    offers.all.push_back({.entry = entry,
                          .surprisal = window.surprisal,
                          .at = static_cast<std::size_t>(place),
                          .attention = offers.attention});
    if constexpr (Wants.reconstruction) offers.all.back().reconstruction = at(missed, n);
  }
  return offers;
}

}  // namespace ttt::detail
