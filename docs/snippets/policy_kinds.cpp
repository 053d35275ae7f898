// SPDX-License-Identifier: Apache-2.0
#include <ttt/ttt.hpp>

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

using namespace ttt;

/// How strongly does a token ask? By as much as it surprised more than the token before it.
struct Sudden {
  double operator()(const Offer& offer) const {
    const double before = offer.at > 0 ? offer.surprisal[offer.at - 1] : 0;
    return offer.entry.surprisal - before;
  }
};

/// Who may compete? Of those that leave together, whoever asks most strongly.
struct Strongest {
  bool operator()(std::span<const Entry> offered, std::size_t n) const {
    return std::ranges::all_of(
        offered, [&](const Entry& other) { return other.signal <= offered[n].signal; });
  }
};

/// Where do the kept stand? Side by side, at a distance from the window.
template <Index Distance>
struct Behind {
  std::optional<std::vector<Index>> operator()(std::span<const Entry> kept, Index end) const {
    return place::Rank{}(kept, end - Distance);
  }
};

/// How do the answers become one? Added: what the cache answers counts as much as the window's.
struct Added {
  static constexpr bool gated = false;

  template <class X, class Gate>
  X operator()(const Sight<X>& sight, const Gate& /*gate*/) const {
    return add(sight.window_alone(), sight.cache_alone());
  }
};

static_assert(Signal<Sudden> && Admit<Strongest> && Place<Behind<8>> && Fuse<Added>);

using Kept = Cache<64, Sudden, Strongest, Behind<8>>;  // in any order; evict::WeakestSignal is left
