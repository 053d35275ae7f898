// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/gpu/attention_forward.cuh>

namespace ttt::gpu::detail {

/// One query, or key, of a head beside one key, or query: its probability and what follows.
template <class N>
struct Pulled {
  N p;   ///< probability
  N ds;  ///< cotangent of the score
};

/// p and the cotangent of the score, of a score and the cotangent of p.
template <class N>
[[nodiscard]] TTT_HD Pulled<N> pulled(const N& score, const N& dp, const N& log_sum,
                                      const N& mean) {
  const N p = exp(score - log_sum);
  return {p, p * (dp - mean)};
}

/// The cotangents of a block of queries of one head. Probabilities are computed again.
///
/// N is S or Dual<S>, as in the forward pass.
template <class N, int Width, class Arithmetic>
struct PullQueries {
  static constexpr int cols = 32;       ///< keys at a time
  static constexpr int most_warps = 4;  ///< of a block
  using S = Scalar<N>;
  using Walk = KeyWalk<N, Width, Arithmetic, cols>;
  using Staged = typename Walk::Staged;
  using Scores = TileOf<N, cols>;
  using Result = TileOf<N, Width>;

  AttentionShape<N> shape;
  QueryStatistics<ConstViewOf<N>> statistics;
  ConstViewOf<N> dy;
  std::array<KeySums<N>, 2> sums;

  /// The memory of a block of so many warps.
  [[nodiscard]] static std::size_t bytes(int warps) {
    return Walk::bytes(warps) + staged_bytes<N, typename Walk::Factor, Width>(warps * tile_rows);
  }

  TTT_HD void operator()(Index block, int warps, unsigned char* memory) const {
    const auto [head, at] = shape.queries_of_block(block, warps);
    Arena arena{memory};
    const Walk walk(arena, warps);
    Staged own_dy;
    arena.take(own_dy, warps * tile_rows);
    stage<Arithmetic>(own_dy, warps * tile_rows, dy, at);
    for (int n = 0; n < shape.source_count; ++n) {
      if (wanted(sums[n].q)) run(n, head, at, warps, walk, own_dy);
    }
  }

 private:
  TTT_HD void run(int n, Index head, const HeadRows& queries, int warps, const Walk& walk,
                  const Staged& own_dy) const {
    const KeySource<N>& source = shape.sources[n];
    const int begin = warp() * tile_rows;
    Result dq;
    walk.over(shape, source, head, queries, warps, [&](Index key) {
      const Scores scores = score_cotangents(source, head, queries, walk.mine(), own_dy.from(begin),
                                             key, walk.keys, walk.values);
      add_product<Arithmetic>(dq, scores, walk.keys, shape.width);
    });
    put_tile(dq, sums[n].q, queries.from(begin), true);
  }

  [[nodiscard]] TTT_HD Scores score_cotangents(const KeySource<N>& source, Index head,
                                               const HeadRows& queries, const Staged& own,
                                               const Staged& own_dy, Index key, const Staged& keys,
                                               const Staged& values) const {
    Scores scores;
    Scores dp;
    add_transposed<Arithmetic>(scores, own, keys, shape.width);
    add_transposed<Arithmetic>(dp, own_dy, values, shape.width);
    const S scale = shape.scale();
    TTT_UNROLL
    for (int r = 0; r < Scores::rows; ++r) {
      const Index own_row = warp() * tile_rows + Scores::row(r);
      const bool there = own_row < queries.count;
      const Index query = queries.first + (there ? own_row : 0);
      const Columns seen = there ? columns_of(source.seen_by(query), key, cols) : Columns{0, 0};
      const N log_sum = in_column(statistics.log_sum, query * shape.heads + head);
      const N mean = in_column(statistics.mean, query * shape.heads + head);
      TTT_UNROLL
      for (int c = 0; c < Scores::cols; ++c) {
        N ds{};
        if (seen.has(Scores::col(c))) {
          const N score =
              scores.number(r, c) * scale + in_column(source.bias, key + Scores::col(c));
          ds = pulled(score, dp.number(r, c), log_sum, mean).ds * scale;
        }
        scores.set(r, c, ds);
      }
    }
    return scores;
  }
};

/// The cotangents of a block of keys and values of one key/value head: of their bias what this head
/// gives, as a row of [kv_heads, keys].
template <class N, int Width, class Arithmetic>
struct PullKeys {
  using S = Scalar<N>;
  using Factor = typename Arithmetic::Factor;
  using Staged = StagedOf<N, Factor, Width>;
  static constexpr int cols = 32;       ///< queries at a time
  static constexpr int most_warps = 4;  ///< of a block
  using Scores = TileOf<N, cols>;
  using Result = TileOf<N, Width>;

  AttentionShape<N> shape;
  QueryStatistics<ConstViewOf<N>> statistics;
  ConstViewOf<N> dy;
  KeySource<N> source;
  KeySums<N> sums;
  Index keys;

  /// The memory of a block of so many warps.
  [[nodiscard]] static std::size_t bytes(int warps) {
    return 2 * staged_bytes<N, Factor, Width>(warps * tile_rows) +
           2 * staged_bytes<N, Factor, Width>(cols) + 2 * Arena::room<N>(cols) +
           Arena::room<Columns>(cols);
  }

  TTT_HD void operator()(Index block, int warps, unsigned char* memory) const {
    const Index size = Index{warps} * tile_rows;
    const Index kv_head = block % shape.kv_heads;
    const Index first = block / shape.kv_heads * size;
    const Index group = shape.heads / shape.kv_heads;
    const HeadRows at = shape.keys_of_head(first, Smaller{}(size, keys - first), kv_head * group);
    Arena arena{memory};
    Own own;
    arena.take(own.k, warps * tile_rows);
    arena.take(own.v, warps * tile_rows);
    stage<Arithmetic>(own.k, warps * tile_rows, source.k, at);
    stage<Arithmetic>(own.v, warps * tile_rows, source.v, at);
    own = {own.k.from(warp() * tile_rows), own.v.from(warp() * tile_rows)};
    Queries queries;
    arena.take(queries.q, cols);
    arena.take(queries.dy, cols);
    queries.log_sum = arena.take<N>(cols);
    queries.mean = arena.take<N>(cols);
    queries.seen = arena.take<Columns>(cols);

    Cotangents sum{};
    const Span reading = queries_of(source, at, shape.queries);
    for (Index head = kv_head * group; head < (kv_head + 1) * group; ++head) {
      for (Index query = reading.begin; query < reading.end; query += cols) {
        meet();
        bring(queries, head, query, Smaller{}(Index{cols}, reading.end - query), at);
        meet();
        add(sum, own, at, queries);
      }
    }
    put(sum, kv_head, at);
  }

 private:
  struct Own {
    Staged k, v;
  };
  /// What all warps read of some queries.
  struct Queries {
    Staged q, dy;
    N* log_sum;
    N* mean;
    Columns* seen;  ///< of the block's keys
  };
  struct Cotangents {
    Result k, v;
    N bias[Scores::rows];
  };

  TTT_HD void bring(const Queries& to, Index head, Index first, Index count,
                    const HeadRows& keys) const {
    const HeadRows at = shape.queries_of_head(first, count, head);
    stage<Arithmetic>(to.q, cols, source.q, at);
    stage<Arithmetic>(to.dy, cols, dy, at);
    for (Index n = member(); n < cols; n += members()) {
      const bool there = n < count;
      const Index place = (first + (there ? n : 0)) * shape.heads + head;
      to.log_sum[n] = in_column(statistics.log_sum, place);
      to.mean[n] = in_column(statistics.mean, place);
      to.seen[n] =
          there ? columns_of(source.seen_by(first + n), keys.first, static_cast<int>(keys.count))
                : Columns{0, 0};
    }
  }

  /// Adds what some queries give back to the warp's keys.
  TTT_HD void add(Cotangents& sum, const Own& own, const HeadRows& at,
                  const Queries& queries) const {
    Scores p;
    Scores ds;
    add_transposed<Arithmetic>(p, own.k, queries.q, shape.width);
    add_transposed<Arithmetic>(ds, own.v, queries.dy, shape.width);
    const S scale = shape.scale();
    TTT_UNROLL
    for (int r = 0; r < Scores::rows; ++r) {
      const int row = warp() * tile_rows + Scores::row(r);
      const N bias = in_column(source.bias, at.first + (row < at.count ? row : 0));
      TTT_UNROLL
      for (int c = 0; c < Scores::cols; ++c) {
        const int query = Scores::col(c);
        Pulled<N> back{};
        if (queries.seen[query].has(row)) {
          back = pulled(p.number(r, c) * scale + bias, ds.number(r, c), queries.log_sum[query],
                        queries.mean[query]);
        }
        sum.bias[r] = sum.bias[r] + back.ds;
        p.set(r, c, back.p);
        ds.set(r, c, back.ds * scale);
      }
    }
    add_product<Arithmetic>(sum.v, p, queries.dy, shape.width);
    add_product<Arithmetic>(sum.k, ds, queries.q, shape.width);
  }

  TTT_HD void put(const Cotangents& sum, Index kv_head, const HeadRows& at) const {
    const HeadRows own = at.from(warp() * tile_rows);
    put_tile(sum.k, sums.k, own, true);
    put_tile(sum.v, sums.v, own, true);
    TTT_UNROLL
    for (int r = 0; r < Scores::rows; ++r) {
      const N bias = sum_in_row(sum.bias[r]);
      const Index row = Scores::row(r);
      if (row < own.count && Scores::col(0) == 0) {
        put_in_column(sums.bias, kv_head * keys + own.first + row, bias);
      }
    }
  }
};

}  // namespace ttt::gpu::detail
