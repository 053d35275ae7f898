// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>
#include <ttt/algebra/operations/attend_decay.hpp>
#include <ttt/algebra/operations/attend_softmax.hpp>
#include <ttt/algebra/operations/attend_sources.hpp>
#include <ttt/parallel/team.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace ttt::detail {

/// What all tiles of one call have in common. A is the array that the tiles compute on.
template <Array A, std::size_t Sources>
struct AttentionCall {
  using V = decltype(view(std::declval<const A&>()));

  const AttentionHeads& heads;
  const std::array<VisibleKeys, Sources>& visible;
  std::array<AttentionSource<V>, Sources> sources;
  std::array<Indices<A>, Sources> first;  ///< of `visible`, where the storage wants them
  std::array<Indices<A>, Sources> count;  ///< likewise
  std::array<A, Sources> age;             ///< of `visible`, as columns; constants

  AttentionCall(const AttentionHeads& of, const std::array<VisibleKeys, Sources>& seen,
                const std::array<V, 4 * Sources>& views)
      : heads(of), visible(seen), sources(attention_sources<Sources>(views)) {
    for (std::size_t n = 0; n < Sources; ++n) {
      first[n] = indices<A>(visible[n].first);
      count[n] = indices<A>(visible[n].count);
      if (!visible[n].age.empty()) age[n] = constant_column<A>(visible[n].age);
    }
  }

  /// Whether the bias of a source is for each token of age.
  [[nodiscard]] bool decays(std::size_t n) const { return !visible[n].age.empty(); }
  /// Whether that of any source is.
  [[nodiscard]] bool any_decays() const {
    return std::ranges::any_of(visible, [](const auto& keys) { return !keys.age.empty(); });
  }
};

/// A block of queries of one head against the keys of every source that some of them see.
template <Array A, std::size_t Sources>
class AttentionTile {
  using M = StorageOf<A>;

 public:
  AttentionTile(const AttentionCall<A, Sources>& call, Index head, Index first_query, Index queries)
      : call_(call), first_query_(first_query), queries_(queries) {
    const AttentionHeads& heads = call.heads;
    width_ = col_count(call.sources[0].q) / heads.heads;
    col_ = head * width_;
    kv_head_ = head / (heads.heads / heads.kv_heads);
    for (std::size_t n = 0; n < Sources; ++n) {
      const VisibleKeys& visible = call.visible[n];
      Index begin = row_count(call.sources[n].k);
      Index end = 0;
      for (Index query = first_query; query < first_query + queries; ++query) {
        if (at(visible.count, query) == 0) continue;
        begin = std::min(begin, at(visible.first, query));
        end = std::max(end, visible.end(query));
      }
      columns_[n] = {begin, std::max<Index>(0, end - begin), keys_};
      keys_ += columns_[n].keys;
    }
  }

  [[nodiscard]] Index keys() const { return keys_; }  ///< of all sources together

  /// The softmax of the tile's scores; zero where a key is hidden. \shape [queries, keys]
  [[nodiscard]] A probabilities() const {
    A scores = uninitialised<A>(queries_, keys_);
    std::array<std::remove_cvref_t<decltype(call_.sources[0].bias)>, Sources> biases;
    for (std::size_t n = 0; n < Sources; ++n) {
      const auto& source = call_.sources[n];
      gemm<M>(columns(view(scores), n), query(source.q), key(source.k, n), Flip::right, false);
      if (decays(n)) {
        add_decays(columns(view(scores), n), n);
      } else {
        biases[n] = bias(source.bias, n);
      }
    }
    A p = zeros<A>(queries_, keys_);
    PrimitivesOf<A>::map_rows(SoftmaxForward<Sources>{ranges()}, Rows{queries_, 1, keys_}, view(p),
                              view(std::as_const(scores)), biases, call_.first, call_.count);
    return p;
  }

  /// Adds what the keys' values give to the rows of the queries.
  template <class Out>
  void add_values(const Out& y, const A& p) const {
    for (std::size_t n = 0; n < Sources; ++n) {
      gemm<M>(query(y), columns(view(p), n), key(call_.sources[n].v, n), Flip::none);
    }
  }

  /// Adds what the keys of one source receive to their columns of `received`.
  void add_received(const View<Scalar<M>>& received, std::size_t source, const A& p) const {
    const TileColumns& own = columns_[source];
    const auto row = [&](Index n) { return received.block(n, own.first_key, 1, own.keys); };
    Primitives<M>::map_rows(
        ReceivedOf<Sources>{ranges(), source, call_.heads.heads, row_count(call_.sources[0].q)},
        Rows{queries_, 1, keys_}, Sum{row(0)}, InTurn{row(1)}, Sum{row(2)}, view(value_of(p)),
        call_.first, call_.count);
  }

  /// Adds the cotangents of queries, keys, values and biases to their sums.
  template <class Dy, class Sums>
  void pull(const Dy& dy, const Sums& sums) const {
    const auto g = query(dy);
    const A p = probabilities();
    A dp = uninitialised<A>(queries_, keys_);
    std::array<std::remove_cvref_t<decltype(sums[0].bias)>, Sources> dbias;
    for (std::size_t n = 0; n < Sources; ++n) {
      gemm<M>(columns(view(dp), n), g, key(call_.sources[n].v, n), Flip::right, false);
      if (!decays(n)) dbias[n] = bias(sums[n].bias, n);
    }
    A ds = zeros<A>(queries_, keys_);
    PrimitivesOf<A>::map_rows(SoftmaxBackward<Sources>{ranges()}, Rows{queries_, 1, keys_},
                              view(ds), Sum{dbias}, view(p), view(std::as_const(dp)), call_.first,
                              call_.count);
    for (std::size_t n = 0; n < Sources; ++n) {
      const auto scores = columns(view(std::as_const(ds)), n);
      if (decays(n)) pull_decays(sums[n].bias, scores, n);
      gemm<M>(key(sums[n].v, n), columns(view(p), n), g, Flip::left);
      gemm<M>(query(sums[n].q), scores, key(call_.sources[n].k, n), Flip::none);
      gemm<M>(key(sums[n].k, n), scores, query(call_.sources[n].q), Flip::left);
    }
  }

 private:
  [[nodiscard]] SoftmaxOfVisible<Sources> ranges() const {
    return {1 / std::sqrt(static_cast<double>(width_)), first_query_, columns_};
  }
  /// The columns of `tile` that belong to a source.
  template <class W>
  [[nodiscard]] W columns(const W& tile, std::size_t n) const {
    return block(tile, 0, columns_[n].offset, queries_, columns_[n].keys);
  }
  template <class W>
  [[nodiscard]] W query(const W& rows) const {
    return block(rows, first_query_, col_, queries_, width_);
  }
  template <class W>
  [[nodiscard]] W key(const W& rows, std::size_t n) const {
    return block(rows, columns_[n].first_key, kv_head_ * width_, columns_[n].keys, width_);
  }
  /// The tile's biases, as a row; without data where the source has none.
  template <class W>
  [[nodiscard]] W bias(const W& column, std::size_t n) const {
    return as_row(block(column, columns_[n].first_key, 0, columns_[n].keys, 1));
  }

  /// Whether a source has keys in the tile, and their bias is for each token of age.
  [[nodiscard]] bool decays(std::size_t n) const {
    return call_.decays(n) && columns_[n].keys > 0 && row_count(call_.sources[n].bias) > 0;
  }
  /// The head's column of the tile's keys.
  template <class W>
  [[nodiscard]] W decay(const W& biases, std::size_t n) const {
    return block(biases, columns_[n].first_key, kv_head_, columns_[n].keys, 1);
  }
  [[nodiscard]] Aged aged() const { return {std::sqrt(static_cast<double>(width_)), first_query_}; }
  [[nodiscard]] auto ages(std::size_t n) const {
    return as_row(block(view(call_.age[n]), columns_[n].first_key, 0, columns_[n].keys, 1));
  }
  /// Adds age * decay to scores that are still to be scaled.
  template <class W>
  void add_decays(const W& scores, std::size_t n) const {
    A own = uninitialised<A>(columns_[n].keys, 1);  // as neighbours
    PrimitivesOf<A>::map(Copy{}, view(own), decay(call_.sources[n].bias, n));
    PrimitivesOf<A>::map_rows(AddDecays{aged()}, Rows{queries_, 1, columns_[n].keys}, scores,
                              as_row(view(std::as_const(own))), ages(n));
  }
  /// Adds the cotangents of decays, of those of the products.
  template <class Sums, class W>
  void pull_decays(const Sums& sums, const W& scores, std::size_t n) const {
    if (!has_data(sums)) return;
    A own = zeros<A>(columns_[n].keys, 1);
    PrimitivesOf<A>::map_rows(PullDecays{aged()}, Rows{queries_, 1, columns_[n].keys},
                              Sum{as_row(view(own))}, scores, ages(n));
    const auto to = decay(sums, n);
    PrimitivesOf<A>::map(Plus{}, to, view(std::as_const(own)), read_only(to));
  }

  const AttentionCall<A, Sources>& call_;
  Index first_query_, queries_;
  Index width_ = 0;  ///< of a head
  Index col_ = 0;    ///< of the head, in queries
  Index kv_head_ = 0;
  Index keys_ = 0;
  std::array<TileColumns, Sources> columns_{};
};

/// Whether the tiles of different heads write to different elements.
enum class Heads { apart, together };

/// Calls visit(tile) for blocks of 64 queries, head by head. The size of the block is ours. Heads
/// that write apart are shared by the threads of the calling thread's team; those that share keys
/// and values stay together.
template <Array A, std::size_t Sources, class Visit>
void for_each_tile(const AttentionCall<A, Sources>& call, Heads heads, const Visit& visit) {
  constexpr Index tile = 64;
  constexpr Index work = 1 << 16;  // elements of queries and keys worth handing over; ours
  const Index rows = row_count(call.sources[0].q);
  const Index each = rows * row_count(call.sources[0].k);
  const Index group = call.heads.heads / call.heads.kv_heads;
  const Index least =
      heads == Heads::apart ? work / std::max<Index>(1, each) + 1 : call.heads.heads;
  for_each_range(call.heads.heads, group, least, [&](Index first_head, Index end_head) {
    for (Index first = 0; first < rows; first += tile) {
      const Index queries = std::min(tile, rows - first);
      for (Index head = first_head; head < end_head; ++head) {
        const AttentionTile<A, Sources> at(call, head, first, queries);
        if (at.keys() > 0) visit(at);
      }
    }
  });
}

/// Writes the result, which is zero before: by the storage's own kernel if it has one that can,
/// else tile by tile.
template <Array A, std::size_t Sources, class Out>
void attend_all(const AttentionCall<A, Sources>& call, const Out& y) {
  if constexpr (requires { PrimitivesOf<A>::attend(call, y); }) {
    if (PrimitivesOf<A>::attend(call, y)) return;
  }
  for_each_tile(call, Heads::apart,
                [&](const auto& tile) { tile.add_values(y, tile.probabilities()); });
}

/// Adds the cotangents of all inputs, in the same two ways.
template <Array A, std::size_t Sources, class Dy, class Sums>
void pull_all(const AttentionCall<A, Sources>& call, const Dy& dy, const Sums& sums) {
  if constexpr (requires { PrimitivesOf<A>::pull_attention(call, dy, sums); }) {
    if (PrimitivesOf<A>::pull_attention(call, dy, sums)) return;
  }
  const bool biased =
      std::ranges::any_of(sums, [](const auto& source) { return row_count(source.bias) > 0; });
  for_each_tile(call, biased ? Heads::together : Heads::apart,
                [&](const auto& tile) { tile.pull(dy, sums); });
}

}  // namespace ttt::detail
