// SPDX-License-Identifier: Apache-2.0
#include <ttt/ttt.hpp>

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

using namespace ttt;

/// A signal: by how much the token's surprisal exceeds that of the token before it.
struct Sudden {
  double operator()(const Offer& offer) const {
    const double before = offer.at > 0 ? offer.surprisal[offer.at - 1] : 0;
    return offer.entry.surprisal - before;
  }
};

/// Admission: of the tokens that leave the window together, those with the strongest signal.
struct Strongest {
  bool operator()(std::span<const Entry> offered, std::size_t n) const {
    return std::ranges::all_of(
        offered, [&](const Entry& other) { return other.signal <= offered[n].signal; });
  }
};

/// Positions of cached keys: side by side, at a distance from the window.
struct Behind {
  Index distance = 0;  ///< tokens

  std::optional<std::vector<Index>> operator()(std::span<const Entry> cached, Index end) const {
    return place::Rank{}(cached, end - distance);
  }
};

/// How cache and window answer as one: the two outputs are added.
struct Added {
  static constexpr bool gated = false;

  template <class X, class Gate>
  Answer<X> operator()(const AttentionInputs<X>& inputs, const Gate& /*gate*/) const {
    Answer<X> window = inputs.window_alone();
    Answer<X> cache = inputs.cache_alone();
    return {add(window.rows, cache.rows), cache.received, window.window_received};
  }
};

static_assert(Signal<Sudden> && Admit<Strongest> && Place<Behind> && Fuse<Added>);

using Cached = Cache<64, Sudden, Strongest, With<Behind{.distance = 8}>>;  // in any order
