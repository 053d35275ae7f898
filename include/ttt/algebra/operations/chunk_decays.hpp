// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>

#include <array>
#include <cstddef>
#include <utility>

namespace ttt {

/// What is left of the state, and of what each token of a chunk wrote, under decays of every token
/// and head. With G_t = g_1 + ... + g_t,
///
///   between_ts = exp(G_t - G_s)      of what token s wrote, when token t reads; 0 for s > t
///   reach_t    = exp(G_t)            of the state before the chunk, when token t reads
///   left_s     = exp(G_last - G_s)   of what token s wrote, behind the chunk
///   whole      = exp(G_last)         of the state before the chunk, behind it
///
/// Sums are subtracted before anything is raised to a power, so that strong decays do not overflow.
///
/// \shape  g [rows, heads] -> between [rows, heads * rows], reach and left [rows, heads],
///         whole [1, heads]
/// \pre    g <= 0
/// \cost   O(rows^2 * heads); the pullback likewise
struct ChunkDecays {
  static constexpr OperationTraits traits{.inputs = 1};  ///< see OperationTraits

  /// The results.
  template <Array A>
  [[nodiscard]] std::array<A, 4> value(const A& g) const {
    const Index rows = row_count(g);
    const Index heads = col_count(g);
    A sums = uninitialised<A>(heads, rows);
    PrimitivesOf<A>::map_rows(RunningSum{heads}, Rows{heads, 1, rows}, view(sums),
                              Shared{as_column(view(g))});
    const auto all = Shared{as_column(view(std::as_const(sums)))};
    std::array<A, 4> y{uninitialised<A>(rows, heads * rows), uninitialised<A>(rows, heads),
                       uninitialised<A>(rows, heads), uninitialised<A>(1, heads)};
    PrimitivesOf<A>::map_rows(Between{}, Rows{rows, heads, rows}, view(y[0]), all);
    PrimitivesOf<A>::map_rows(Ends{rows}, Rows{rows, heads, 1}, view(y[1]), view(y[2]), view(y[3]),
                              all);
    return y;
  }

  /// Adds to the cotangent of the input.
  template <Array A>
  void pullback(const std::array<const A*, 4>& y, const std::array<const A*, 4>& dy,
                const Input<A>& g) const {
    if (!g.wanted()) return;
    const Index rows = g.rows();
    const Index heads = g.cols();
    A sums = zeros<A>(heads, rows);
    const auto all = Sum{as_column(view(sums))};
    PrimitivesOf<A>::map_rows(PullBetween{}, Rows{rows, heads, rows}, all, std::array{view(*dy[0])},
                              std::array{view(*y[0])});
    PrimitivesOf<A>::map_rows(PullEnds{rows}, Rows{rows, heads, 1}, all,
                              std::array{view(*dy[1]), view(*dy[2]), view(*dy[3])},
                              std::array{view(*y[1]), view(*y[2]), view(*y[3])});
    PrimitivesOf<A>::map_rows(PullSum{heads}, Rows{heads, 1, rows}, Shared{as_column(g.sum())},
                              view(std::as_const(sums)));
  }

 public:  // because kernels of a device are named after them
  struct RunningSum {
    Index heads;
    template <class Row, class Sums, class G>
    TTT_HD void operator()(const Row& row, const Sums& sums, const G& g) const {
      auto sum = g.up(-row.index).at(0);
      sums.set_at(0, sum);
      for (Index t = 1; t < row.width; ++t) {
        sum = sum + g.up(-t * heads - row.index).at(0);
        sums.set_at(t, sum);
      }
    }
  };
  struct Between {
    template <class Row, class Y, class Sums>
    TTT_HD void operator()(const Row& row, const Y& y, const Sums& sums) const {
      const auto of_head = sums.up(-row.group * row.width);
      const auto own = of_head.at(row.index);
      const Index count = row.index + 1;
      row.each(0, count,
               [&](auto s) { y.set(s, exp((of_head[s] - own) * Scalar<decltype(own)>(-1))); });
      row.each(count, row.width - count,
               [&](auto s) { y.set(s, constant_like(of_head[s], Scalar<decltype(own)>(0))); });
    }
  };
  struct Ends {
    Index rows;
    template <class Row, class Reach, class Left, class Whole, class Sums>
    TTT_HD void operator()(const Row& row, const Reach& reach, const Left& left, const Whole& whole,
                           const Sums& sums) const {
      const auto of_head = sums.up(-row.group * rows);
      const auto own = of_head.at(row.index);
      const auto last = of_head.at(rows - 1);
      reach.set_at(0, exp(own));
      left.set_at(0, exp(last - own));
      if (row.index == rows - 1) whole.set_at(0, exp(last));
    }
  };
  struct PullBetween {
    template <class Row, class Sums, class Dy, class Y>
    TTT_HD void operator()(const Row& row, const Sums& sums, const Dy& dy, const Y& y) const {
      const auto of_head = sums.up(-row.group * row.width);
      const Index count = row.index + 1;
      const auto along = row.sum(0, count, [&](auto s) { return dy[0][s] * y[0][s]; });
      row.each(0, count, [&](auto s) {
        const auto term = dy[0][s] * y[0][s];
        of_head.add(s, term * Scalar<decltype(term)>(-1));
      });
      of_head.add_at(row.index, along);
    }
  };
  struct PullEnds {
    Index rows;
    template <class Row, class Sums, class Dy, class Y>
    TTT_HD void operator()(const Row& row, const Sums& sums, const Dy& dy, const Y& y) const {
      const auto of_head = sums.up(-row.group * rows);
      const auto left = dy[1].at(0) * y[1].at(0);
      of_head.add_at(row.index, dy[0].at(0) * y[0].at(0) + left * Scalar<decltype(left)>(-1));
      of_head.add_at(rows - 1, left);
      if (row.index == rows - 1) of_head.add_at(row.index, dy[2].at(0) * y[2].at(0));
    }
  };
  struct PullSum {
    Index heads;
    template <class Row, class Dg, class Sums>
    TTT_HD void operator()(const Row& row, const Dg& dg, const Sums& sums) const {
      auto sum = sums.at(row.width - 1);
      dg.up(-(row.width - 1) * heads - row.index).add_at(0, sum);
      for (Index t = row.width - 1; t-- > 0;) {
        sum = sum + sums.at(t);
        dg.up(-t * heads - row.index).add_at(0, sum);
      }
    }
  };
};

/// What is left of the state and of each token of a chunk under decays g; see ChunkDecays.
template <class G>
[[nodiscard]] auto chunk_decays(const G& g) {
  return apply(ChunkDecays{}, g);
}

static_assert(Operation<ChunkDecays>);

}  // namespace ttt
