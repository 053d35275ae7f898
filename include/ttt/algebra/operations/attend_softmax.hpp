// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/dual.hpp>
#include <ttt/types.hpp>

#include <array>
#include <cstddef>
#include <type_traits>

namespace ttt::detail {

/// The columns of a tile's scores that belong to one source.
struct TileColumns {
  Index first_key;  ///< the source's key of the first column
  Index keys;       ///< columns
  Index offset;     ///< the first column
};

/// Which columns of a tile's row the query sees.
template <std::size_t Sources>
struct SoftmaxOfVisible {
  double scale;
  Index first_query;
  std::array<TileColumns, Sources> columns;

  /// Calls visit(source, first column, count) for what the query of `row` sees.
  template <class Row, class First, class Count, class Visit>
  TTT_HD void each_range(const Row& row, const First& first, const Count& count,
                         Visit&& visit) const {
    for (std::size_t n = 0; n < Sources; ++n) {
      const Index query = first_query + row.index;
      const Index seen = count[n][query];
      if (seen > 0) {
        visit(n, columns[n].offset + first[n][query] - columns[n].first_key, seen);
      }
    }
  }
};

/// The softmax of a row of scores over what the query sees; hidden columns are not written.
template <std::size_t Sources>
struct SoftmaxForward : SoftmaxOfVisible<Sources> {
  template <class Row, class P, class X, class Bias, class Integers>
  TTT_HD void operator()(const Row& row, const P& p, const X& x, const Bias& bias,
                         const Integers& first, const Integers& count) const {
    using S = Scalar<decltype(x.at(0))>;
    const S factor = static_cast<S>(this->scale);
    const auto score = [&](std::size_t n, auto i) {
      return x[i] * factor + bias[n][i + -this->columns[n].offset];
    };
    bool any = false;
    S largest{};
    this->each_range(row, first, count, [&](std::size_t n, Index begin, Index seen) {
      const S here = row.max(begin, seen, [&](auto i) { return value_of(score(n, i)); });
      largest = any && largest > here ? largest : here;
      any = true;
    });
    if (!any) return;
    std::remove_cvref_t<decltype(x.at(0))> total{};
    this->each_range(row, first, count, [&](std::size_t n, Index begin, Index seen) {
      total = total + row.sum(begin, seen, [&](auto i) {
        auto e = exp(score(n, i) - largest);
        p.set(i, e);
        return e;
      });
    });
    const auto share = reciprocal(total);
    this->each_range(row, first, count, [&](std::size_t /*n*/, Index begin, Index seen) {
      row.each(begin, seen, [&](auto i) { p.set(i, p[i] * share); });
    });
  }
};

/// The cotangent of the scores, given that of their softmax: p (dp - sum(p dp)) * scale.
template <std::size_t Sources>
struct SoftmaxBackward : SoftmaxOfVisible<Sources> {
  template <class Row, class Ds, class Bias, class P, class Dp, class Integers>
  TTT_HD void operator()(const Row& row, const Ds& ds, const Bias& dbias, const P& p, const Dp& dp,
                         const Integers& first, const Integers& count) const {
    std::remove_cvref_t<decltype(p.at(0))> mean{};
    using S = Scalar<decltype(mean)>;
    this->each_range(row, first, count, [&](std::size_t /*n*/, Index begin, Index seen) {
      mean = mean + row.sum(begin, seen, [&](auto i) { return p[i] * dp[i]; });
    });
    this->each_range(row, first, count, [&](std::size_t n, Index begin, Index seen) {
      row.each(begin, seen, [&](auto i) {
        const auto g = p[i] * (dp[i] - mean);
        dbias[n].add(i + -this->columns[n].offset, g);
        ds.set(i, g * static_cast<S>(this->scale));
      });
    });
  }
};

/// What the keys of one source receive of a tile's attention.
template <std::size_t Sources>
struct ReceivedOf : SoftmaxOfVisible<Sources> {
  std::size_t source;
  Index heads, queries;

  template <class Row, class Mass, class Last, class Latest, class P, class Integers>
  TTT_HD void operator()(const Row& row, const Mass& mass, const Last& last, const Latest& latest,
                         const P& p, const Integers& first, const Integers& count) const {
    using S = Scalar<decltype(p.at(0))>;
    Index visible = 0;
    this->each_range(row, first, count,
                     [&](std::size_t /*n*/, Index /*begin*/, Index seen) { visible += seen; });
    const S equal = S(1) / static_cast<S>(visible);
    const S reader = static_cast<S>(this->first_query + row.index + 1);
    this->each_range(row, first, count, [&](std::size_t n, Index begin, Index seen) {
      if (n != source) return;
      row.each(begin, seen, [&](auto i) {
        const auto own = i + -this->columns[n].offset;
        const auto share = value_of(p[i]);
        const auto mean = share * (S(1) / static_cast<S>(heads));
        mass.add(own, mean);
        if (this->first_query + row.index + 1 == queries) latest.add(own, mean);
        const auto before = last[own];
        const auto later = where_positive(before - reader, before, constant_like(before, reader));
        last.set(own, where_positive(share - equal, later, before));
      });
    });
  }
};

}  // namespace ttt::detail
