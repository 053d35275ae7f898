// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>
#include <ttt/types.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace ttt {

/// How many heads attention has.
struct AttentionHeads {
  Index heads;     ///< of queries; each as wide as q by their number
  Index kv_heads;  ///< of keys and values; divides `heads`
};

/// The keys that each query sees: `count` of them from `first` on. Where both rise with the query,
/// tiles are as small as they can be.
struct VisibleKeys {
  std::vector<Index> first;  ///< [queries]
  std::vector<Index> count;  ///< [queries]
  /// [keys], or empty: tokens from each key to the first query, one more to each query after it.
  /// Where keys have ages, the bias of their source is for each token of age.
  std::vector<Index> age{};

  /// The last `window` keys up to the query's own; the queries are the last of the keys' tokens.
  ///
  /// \throws RangeError if there are fewer keys than queries.
  [[nodiscard]] static VisibleKeys sliding(Index queries, Index keys, Index window) {
    if (keys < queries) {
      throw RangeError("VisibleKeys.sliding: keys must be at least " + std::to_string(queries) +
                       ", got " + std::to_string(keys));
    }
    VisibleKeys visible;
    for (Index own = keys - queries; own < keys; ++own) {
      const Index first = std::max<Index>(0, own + 1 - window);
      visible.first.push_back(first);
      visible.count.push_back(own + 1 - first);
    }
    return visible;
  }

  /// The first `seen` keys.
  [[nodiscard]] static VisibleKeys leading(std::vector<Index> seen) {
    return {std::vector<Index>(seen.size(), 0), std::move(seen), {}};
  }

  /// The end of what a query sees.
  [[nodiscard]] Index end(Index query) const { return at(first, query) + at(count, query); }
};

}  // namespace ttt
