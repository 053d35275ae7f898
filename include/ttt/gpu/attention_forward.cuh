// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/gpu/attention_call.cuh>

#include <limits>

namespace ttt::gpu::detail {

/// The softmax of a warp's queries over the keys that came by so far, its sums rescaled as larger
/// scores come.
///
/// N is S or Dual<S>: the derivative of a running sum is the running sum of the derivatives.
template <class N, int Cols>
struct RunningSoftmax {
  using S = Scalar<N>;
  using Scores = TileOf<N, Cols>;

  S largest[Scores::rows];
  N total[Scores::rows]{};

  TTT_HD RunningSoftmax() {
    for (S& none : largest) none = -std::numeric_limits<S>::infinity();
  }

  /// Turns products of queries and the keys from `key` on into exponentials, zero where a key is
  /// hidden. Calls rescale(r, factor) where sums so far of row r are to be multiplied by a factor.
  template <class Rescale>
  TTT_HD void add(Scores& scores, S scale, const KeySource<N>& source, const HeadRows& queries,
                  Index key, Rescale&& rescale) {
    TTT_UNROLL
    for (int r = 0; r < Scores::rows; ++r) {
      const Index row = warp() * tile_rows + Scores::row(r);
      const Columns seen = row < queries.count
                               ? columns_of(source.seen_by(queries.first + row), key, Cols)
                               : Columns{0, 0};
      S most = largest[r];
      TTT_UNROLL
      for (int c = 0; c < Scores::cols; ++c) {
        if (!seen.has(Scores::col(c))) continue;
        const N score = scores.number(r, c) * scale + in_column(source.bias, key + Scores::col(c));
        scores.set(r, c, score);
        most = Greater{}(most, value_of(score));
      }
      most = joined_in_row(most, Greater{});
      const S kept = largest[r] == most ? S(1) : exp(largest[r] - most);
      largest[r] = most;
      total[r] = total[r] * kept;
      rescale(r, kept);
      TTT_UNROLL
      for (int c = 0; c < Scores::cols; ++c) {
        const N e = seen.has(Scores::col(c)) ? exp(scores.number(r, c) - most) : N{};
        scores.set(r, c, e);
        total[r] = total[r] + e;
      }
    }
  }
};

/// A block's walk over the keys that its queries see: its queries, and some keys and values at a
/// time, where all its threads reach them fast.
template <class N, int Width, class Arithmetic, int Cols>
struct KeyWalk {
  using Factor = typename Arithmetic::Factor;
  using Staged = StagedOf<N, Factor, Width>;

  Staged own, keys, values;

  TTT_HD KeyWalk(Arena& arena, int warps) {
    arena.take(own, warps * tile_rows);
    arena.take(keys, Cols);
    arena.take(values, Cols);
  }
  /// The memory for it, in a block of so many warps.
  [[nodiscard]] static std::size_t bytes(int warps) {
    return staged_bytes<N, Factor, Width>(warps * tile_rows) +
           2 * staged_bytes<N, Factor, Width>(Cols);
  }

  /// The warp's queries.
  [[nodiscard]] TTT_HD Staged mine() const { return own.from(warp() * tile_rows); }

  /// Calls visit(key) for the keys from `key` on of one source, until all that are seen came by.
  template <class Visit>
  TTT_HD void over(const AttentionShape<N>& shape, const KeySource<N>& source, Index head,
                   const HeadRows& queries, int warps, Visit&& visit) const {
    const Span seen = keys_of(source, queries);
    if (seen.empty()) return;
    meet();
    stage<Arithmetic>(own, warps * tile_rows, source.q, queries);
    for (Index key = seen.begin; key < seen.end; key += Cols) {
      const HeadRows at = shape.keys_of_head(key, Smaller{}(Index{Cols}, seen.end - key), head);
      meet();
      stage<Arithmetic>(keys, Cols, source.k, at);
      stage<Arithmetic>(values, Cols, source.v, at);
      meet();
      visit(key);
    }
  }
};

/// Softmax attention of one head of a block of queries: each warp has tile_rows of them, all
/// together go over the keys that some see.
///
/// \source Dao 2023, "FlashAttention-2", arXiv:2307.08691
template <class N, int Width, class Arithmetic>
struct AttentionForward {
  static constexpr int cols =
      sizeof(typename Arithmetic::Factor) == 2 ? 64 : 32;  ///< keys at a time
  static constexpr int most_warps = ttt::detail::is_dual<N> || Width > 64 ? 4 : 8;  ///< of a block
  using Walk = KeyWalk<N, Width, Arithmetic, cols>;
  using Scores = TileOf<N, cols>;
  using Result = TileOf<N, Width>;

  AttentionShape<N> shape;
  ViewOf<N> y;  ///< to be written

  /// The memory of a block of so many warps.
  [[nodiscard]] static std::size_t bytes(int warps) { return Walk::bytes(warps); }

  TTT_HD void operator()(Index block, int warps, unsigned char* memory) const {
    const auto [head, queries] = shape.queries_of_block(block, warps);
    Arena arena{memory};
    const Walk walk(arena, warps);
    RunningSoftmax<N, cols> softmax;
    Result sum{};
    for (int n = 0; n < shape.source_count; ++n) {
      const KeySource<N>& source = shape.sources[n];
      walk.over(shape, source, head, queries, warps, [&, &rows = queries](Index key) {
        Scores scores;
        add_transposed<Arithmetic>(scores, walk.mine(), walk.keys, shape.width);
        softmax.add(scores, shape.scale(), source, rows, key,
                    [&](int r, Scalar<N> factor) { scale_row(sum, r, factor); });
        add_product<Arithmetic>(sum, scores, walk.values, shape.width);
      });
    }
    TTT_UNROLL
    for (int r = 0; r < Result::rows; ++r) {
      const N total = sum_in_row(softmax.total[r]);
      scale_row(sum, r, value_of(total) > 0 ? reciprocal(total) : N{});
    }
    put_tile(sum, y, queries.from(warp() * tile_rows), false);
  }
};

/// What attention's pullback knows of each query and head: columns of [queries * heads, 1].
template <class V>
struct QueryStatistics {
  V log_sum;  ///< of the exponentials of the scores; infinite where nothing is seen
  V mean;     ///< of the cotangents of the probabilities, under the probabilities
};

/// The statistics of one head of a block of queries. The mean is that of the very cotangents that
/// the pullback will see, so that the sum of what it makes of them is zero to rounding.
template <class N, int Width, class Arithmetic>
struct AttentionStatistics {
  static constexpr int cols = 32;       ///< keys at a time
  static constexpr int most_warps = 4;  ///< of a block
  using Walk = KeyWalk<N, Width, Arithmetic, cols>;
  using Staged = typename Walk::Staged;
  using Scores = TileOf<N, cols>;

  AttentionShape<N> shape;
  ConstViewOf<N> dy;
  QueryStatistics<ViewOf<N>> statistics;  ///< to be written

  /// The memory of a block of so many warps.
  [[nodiscard]] static std::size_t bytes(int warps) {
    return Walk::bytes(warps) + staged_bytes<N, typename Walk::Factor, Width>(warps * tile_rows);
  }

  TTT_HD void operator()(Index block, int warps, unsigned char* memory) const {
    const auto [head, queries] = shape.queries_of_block(block, warps);
    Arena arena{memory};
    const Walk walk(arena, warps);
    Staged own_dy;
    arena.take(own_dy, warps * tile_rows);
    stage<Arithmetic>(own_dy, warps * tile_rows, dy, queries);
    RunningSoftmax<N, cols> softmax;
    N mean[Scores::rows]{};
    for (int n = 0; n < shape.source_count; ++n) {
      const KeySource<N>& source = shape.sources[n];
      walk.over(shape, source, head, queries, warps, [&, &rows = queries](Index key) {
        Scores scores, dp;
        add_transposed<Arithmetic>(scores, walk.mine(), walk.keys, shape.width);
        add_transposed<Arithmetic>(dp, own_dy.from(warp() * tile_rows), walk.values, shape.width);
        softmax.add(scores, shape.scale(), source, rows, key,
                    [&](int r, Scalar<N> factor) { mean[r] = mean[r] * factor; });
        each_held<Scores>(
            [&](int r, int c) { mean[r] = mean[r] + scores.number(r, c) * dp.number(r, c); });
      });
    }
    put(softmax, mean, head, queries.from(warp() * tile_rows));
  }

 private:
  TTT_HD void put(const RunningSoftmax<N, cols>& softmax, const N (&mean)[Scores::rows], Index head,
                  const HeadRows& queries) const {
    TTT_UNROLL
    for (int r = 0; r < Scores::rows; ++r) {
      const N total = sum_in_row(softmax.total[r]);
      const N weighted = sum_in_row(mean[r]);
      if (Scores::row(r) >= queries.count || Scores::col(0) != 0) continue;
      const bool any = value_of(total) > 0;
      const Index place = (queries.first + Scores::row(r)) * shape.heads + head;
      put_in_column(
          statistics.log_sum, place,
          any ? log(total) + softmax.largest[r] : N{} + std::numeric_limits<Scalar<N>>::infinity());
      put_in_column(statistics.mean, place, any ? weighted * reciprocal(total) : N{});
    }
  }
};

}  // namespace ttt::gpu::detail
