// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace ttt {

/// How many heads attention has.
struct AttentionHeads {
  Index heads;     ///< of queries; each as wide as q by their number
  Index kv_heads;  ///< of keys and values; divides `heads`
};

/// The keys that each query sees: `count` of them from `first` on. Both rise with the query, or the
/// tiles are larger than need be.
struct VisibleKeys {
  std::vector<Index> first;  ///< [queries]
  std::vector<Index> count;  ///< [queries]

  /// The last `window` keys up to the query's own; the queries are the last of the keys' tokens.
  [[nodiscard]] static VisibleKeys sliding(Index queries, Index keys, Index window) {
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
    return {std::vector<Index>(seen.size(), 0), std::move(seen)};
  }

  /// The end of what a query sees.
  [[nodiscard]] Index end(Index query) const { return at(first, query) + at(count, query); }
};

namespace detail {

/// The arrays of one source of keys, or the sums of their cotangents.
template <class V>
struct AttentionSource {
  V q, k, v, bias;
};

template <std::size_t Sources, class V>
[[nodiscard]] std::array<AttentionSource<V>, Sources> attention_sources(
    const std::array<V, 4 * Sources>& views) {
  std::array<AttentionSource<V>, Sources> sources;
  for (std::size_t n = 0; n < Sources; ++n) {
    sources[n] = {views[4 * n], views[4 * n + 1], views[4 * n + 2], views[4 * n + 3]};
  }
  return sources;
}

/// The columns of a tile's scores that belong to one source.
struct TileColumns {
  Index first_key;  ///< the source's key of the first column
  Index keys;       ///< columns
  Index offset;     ///< the first column
};

/// What of a tile's row a query sees, as columns.
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

template <std::size_t Sources>
struct SoftmaxForward : SoftmaxOfVisible<Sources> {
  template <class Row, class P, class X, class Bias, class Integers>
  TTT_HD void operator()(const Row& row, const P& p, const X& x, const Bias& bias,
                         const Integers& first, const Integers& count) const {
    using S = Scalar<decltype(x.at(0))>;
    const S scale = static_cast<S>(this->scale);
    const auto score = [&](std::size_t n, auto i) {
      return x[i] * scale + bias[n][i + -this->columns[n].offset];
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
        const auto e = exp(score(n, i) - largest);
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

template <std::size_t Sources>
struct ReceivedOf;

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

/// A block of queries of one head against the keys of every source that some of them see.
template <std::size_t Sources, class V>
class AttentionTile {
 public:
  AttentionTile(const AttentionHeads& heads, Index head, Index first_query, Index queries,
                const std::array<VisibleKeys, Sources>& visible,
                const std::array<AttentionSource<V>, Sources>& sources)
      : visible_(visible),
        sources_(sources),
        first_query_(first_query),
        queries_(queries),
        heads_(heads.heads) {
    width_ = value_of(sources[0].q).cols / heads.heads;
    col_ = head * width_;
    kv_col_ = head / (heads.heads / heads.kv_heads) * width_;
    for (std::size_t n = 0; n < Sources; ++n) {
      Index begin = value_of(sources[n].k).rows;
      Index end = 0;
      for (Index query = first_query; query < first_query + queries; ++query) {
        if (at(visible[n].count, query) == 0) continue;
        begin = std::min(begin, at(visible[n].first, query));
        end = std::max(end, visible[n].end(query));
      }
      columns_[n] = {begin, std::max<Index>(0, end - begin), keys_};
      keys_ += columns_[n].keys;
    }
  }

  /// The softmax of the tile's scores; zero where a key is hidden. \shape [queries, keys]
  template <Array A>
  [[nodiscard]] A probabilities() const {
    A scores = uninitialised<A>(queries_, keys_);
    std::array<V, Sources> biases;
    for (std::size_t n = 0; n < Sources; ++n) {
      gemm<StorageOf<A>>(columns(view(scores), n), query(sources_[n].q), key(sources_[n].k, n),
                         Flip::right, false);
      biases[n] = bias(sources_[n].bias, n);
    }
    A p = zeros<A>(queries_, keys_);
    const auto [first, count] = integers<A>();
    PrimitivesOf<A>::map_rows(SoftmaxForward<Sources>{ranges()}, Rows{queries_, 1, keys_}, view(p),
                              view(std::as_const(scores)), biases, first, count);
    return p;
  }

  /// Adds what the keys' values give to the rows of the queries.
  template <Array A, class Out>
  void add_values(const Out& y, const A& p) const {
    for (std::size_t n = 0; n < Sources; ++n) {
      gemm<StorageOf<A>>(query(y), columns(view(p), n), key(sources_[n].v, n), Flip::none);
    }
  }

  /// Adds what the keys of the last source receive to their columns of `received`.
  template <Storage M>
  void add_received(const View<Scalar<M>>& received, const View<const Scalar<M>>& p) const {
    const TileColumns& own = columns_[Sources - 1];
    const auto row = [&](Index n) { return received.block(n, own.first_key, 1, own.keys); };
    const auto [first, count] = integers<M>();
    Primitives<M>::map_rows(ReceivedOf<Sources>{ranges(), static_cast<double>(heads_)},
                            Rows{queries_, 1, keys_}, Sum{row(0)}, Sum{row(1)}, p, first, count);
  }

  /// Adds the cotangents of queries, keys, values and biases to their sums.
  template <Array A, class Dy, class Sums>
  void pull(const Dy& dy, const Sums& sums) const {
    using M = StorageOf<A>;
    const auto g = query(dy);
    const A p = probabilities<A>();
    A dp = zeros<A>(queries_, keys_);
    for (std::size_t n = 0; n < Sources; ++n) {
      gemm<M>(columns(view(dp), n), g, key(sources_[n].v, n), Flip::right, false);
    }
    A ds = zeros<A>(queries_, keys_);
    std::array<std::remove_cvref_t<decltype(sums[0].bias)>, Sources> dbias;
    for (std::size_t n = 0; n < Sources; ++n) dbias[n] = bias(sums[n].bias, n);
    const auto [first, count] = integers<A>();
    PrimitivesOf<A>::map_rows(SoftmaxBackward<Sources>{ranges()}, Rows{queries_, 1, keys_},
                              view(ds), Sum{dbias}, view(p), view(std::as_const(dp)), first, count);
    for (std::size_t n = 0; n < Sources; ++n) {
      const auto scores = columns(view(std::as_const(ds)), n);
      gemm<M>(key(sums[n].v, n), columns(view(p), n), g, Flip::left);
      gemm<M>(query(sums[n].q), scores, key(sources_[n].k, n), Flip::none);
      gemm<M>(key(sums[n].k, n), scores, query(sources_[n].q), Flip::left);
    }
  }

  /// Which columns of the tile each query sees.
  [[nodiscard]] SoftmaxOfVisible<Sources> ranges() const {
    return {1 / std::sqrt(static_cast<double>(width_)), first_query_, columns_};
  }
  /// `first` and `count` of each source, where the storage wants them.
  template <Array A>
  [[nodiscard]] auto integers() const {
    std::array<Indices<A>, Sources> first;
    std::array<Indices<A>, Sources> count;
    for (std::size_t n = 0; n < Sources; ++n) {
      first[n] = indices<A>(visible_[n].first);
      count[n] = indices<A>(visible_[n].count);
    }
    return std::pair(std::move(first), std::move(count));
  }
  /// The columns of `tile` that belong to a source.
  template <class W>
  [[nodiscard]] W columns(const W& tile, std::size_t n) const {
    return block(tile, 0, columns_[n].offset, queries_, columns_[n].keys);
  }
  [[nodiscard]] Index queries() const { return queries_; }  ///< rows
  [[nodiscard]] Index keys() const { return keys_; }        ///< columns

 private:
  template <class W>
  [[nodiscard]] W query(const W& rows) const {
    return block(rows, first_query_, col_, queries_, width_);
  }
  template <class W>
  [[nodiscard]] W key(const W& rows, std::size_t n) const {
    return block(rows, columns_[n].first_key, kv_col_, columns_[n].keys, width_);
  }
  /// A column of biases as a row.
  template <class S>
  [[nodiscard]] View<S> bias(const View<S>& column, std::size_t n) const {
    const Index keys = columns_[n].keys;
    if (column.data == nullptr || column.rows == 0) return {nullptr, 1, keys, keys};
    return {column.data + columns_[n].first_key, 1, keys, keys};
  }
  template <class W>
  [[nodiscard]] Dual<W> bias(const Dual<W>& column, std::size_t n) const {
    return {bias(column.value, n), bias(column.tangent, n)};
  }

  const std::array<VisibleKeys, Sources>& visible_;
  const std::array<AttentionSource<V>, Sources>& sources_;
  Index first_query_, queries_, heads_;
  Index width_ = 0;
  Index col_ = 0;
  Index kv_col_ = 0;
  Index keys_ = 0;
  std::array<TileColumns, Sources> columns_{};
};

/// Calls visit(tile) for blocks of 64 queries, head by head. The size of the block is ours.
template <std::size_t Sources, class V, class Visit>
void for_each_tile(const AttentionHeads& heads, const std::array<VisibleKeys, Sources>& visible,
                   const std::array<AttentionSource<V>, Sources>& sources, Visit&& visit) {
  constexpr Index tile = 64;
  const Index rows = value_of(sources[0].q).rows;
  for (Index first = 0; first < rows; first += tile) {
    const Index queries = std::min(tile, rows - first);
    for (Index head = 0; head < heads.heads; ++head) {
      const AttentionTile<Sources, V> at(heads, head, first, queries, visible, sources);
      if (at.keys() > 0) visit(at);
    }
  }
}

/// Throws unless sources and visible keys fit.
template <class V>
void expect_source(const AttentionHeads& heads, const VisibleKeys& visible,
                   const AttentionSource<V>& source, Index queries, Index width) {
  const auto expect = [&](const char* name, const V& v, std::array<Index, 2> shape) {
    expect_extents("attend", name, {value_of(v).rows, value_of(v).cols}, shape);
  };
  const Index keys = value_of(source.k).rows;
  expect("q", source.q, {queries, width});
  expect("k", source.k, {any_extent, keys == 0 ? any_extent : width / heads.heads * heads.kv_heads});
  expect("v", source.v, {keys, value_of(source.k).cols});
  if (value_of(source.bias).rows > 0) expect("bias", source.bias, {keys, 1});
  if (std::ssize(visible.first) != queries || std::ssize(visible.count) != queries) {
    throw ShapeError("attend: visible keys must be [" + std::to_string(queries) + "], got [" +
                     std::to_string(visible.count.size()) + ']');
  }
  for (Index query = 0; query < queries; ++query) {
    if (at(visible.first, query) < 0 || at(visible.count, query) < 0 ||
        visible.end(query) > keys) {
      throw RangeError("attend: query " + std::to_string(query) + " must see keys of 0.." +
                       std::to_string(keys - 1) + ", got " +
                       std::to_string(at(visible.first, query)) + ".." +
                       std::to_string(visible.end(query) - 1));
    }
  }
}

template <Array A, std::size_t Sources, class V>
void expect_attention(const AttentionHeads& heads, const std::array<VisibleKeys, Sources>& visible,
                      const std::array<AttentionSource<V>, Sources>& sources) {
  const auto& q = value_of(sources[0].q);
  if (heads.kv_heads < 1 || heads.heads % heads.kv_heads != 0 || q.cols % heads.heads != 0) {
    throw ShapeError("attend: q must be [*, heads * head], and kv_heads divide heads, got " +
                     std::to_string(q.cols) + " columns, " + std::to_string(heads.heads) +
                     " heads and " + std::to_string(heads.kv_heads) + " kv_heads");
  }
  for (std::size_t n = 0; n < Sources; ++n) {
    expect_source(heads, visible[n], sources[n], q.rows, q.cols);
  }
}

}  // namespace detail

}  // namespace ttt
