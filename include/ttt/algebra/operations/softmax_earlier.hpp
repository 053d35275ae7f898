// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations/attend.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace ttt {

/// How each query shares its attention among kept tokens that were read before it, head by head.
///
///   p_i = softmax over j with position_j < first + i of scale x_ij
///
/// A query that no kept token precedes gives nothing to any. The shares are a result of their own,
/// so that a loss can ask for them; at [queries, heads * kept] they suit a small cache.
///
/// \shape  x [queries, heads * kept] -> the shape of x
/// \throws ShapeError if x is not heads * kept wide.
/// \cost   two passes over x; one exponential an element
struct SoftmaxEarlier {
  static constexpr bool remembers = true;

  Index heads;                   ///< side by side in the columns
  double scale;                  ///< of every score
  std::vector<Index> positions;  ///< [kept], in any order
  Index first;                   ///< position of query 0; the others follow

  template <Array A>
  [[nodiscard]] A value(const A& x) const {
    expect_shape("softmax_earlier", "x", value_of(x), {any, heads * kept()});
    return by_head(x, [&](const A& scores, auto&& sees, Index /*h*/) {
      return detail::softmax_of_seen(scores, static_cast<Scalar<A>>(scale), sees);
    });
  }

  template <Array A>
  void pullback(const A& y, const A& dy, const Input<A>& x) const {
    x.add(by_head(dy, [&](const A& g, auto&& sees, Index h) {
      const A p = block(y, rows(y) - rows(g), h * kept(), rows(g), kept());
      return detail::score_cotangent(p, g, static_cast<Scalar<A>>(scale), sees);
    }));
  }

 private:
  [[nodiscard]] Index kept() const { return std::ssize(positions); }

  /// Queries that see nothing: the first ones, because later ones see more.
  [[nodiscard]] Index blind(Index queries) const {
    if (positions.empty()) return queries;
    return std::clamp(*std::ranges::min_element(positions) - first + 1, Index{0}, queries);
  }

  /// What a query sees, as runs of neighbouring columns.
  [[nodiscard]] std::vector<detail::Seen> seen(Index query) const {
    std::vector<detail::Seen> runs;
    for (Index j = 0; j < kept(); ++j) {
      if (positions[static_cast<std::size_t>(j)] >= first + query) continue;
      if (runs.empty() || runs.back().first + runs.back().count < j) runs.push_back({j, 0});
      ++runs.back().count;
    }
    return runs;
  }

  /// The array whose heads are make(head of x, what its queries see, number), from the first query
  /// that sees something on; zero before.
  template <Array A, class Make>
  [[nodiscard]] A by_head(const A& x, Make&& make) const {
    A whole = zeros<A>(rows(x), cols(x));
    const Index skipped = blind(rows(x));
    if (skipped == rows(x)) return whole;
    std::vector<std::vector<detail::Seen>> runs;
    for (Index query = skipped; query < rows(x); ++query) runs.push_back(seen(query));
    const auto sees = [&](Index i) -> const auto& { return runs[static_cast<std::size_t>(i)]; };
    for (Index h = 0; h < heads; ++h) {
      const A part = block(x, skipped, h * kept(), rows(x) - skipped, kept());
      add_block(whole, skipped, h * kept(), make(part, sees, h));
    }
    return whole;
  }
};

static_assert(Operation<SoftmaxEarlier>);

}  // namespace ttt
