// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>

#include <limits>
#include <utility>
#include <vector>

namespace ttt {

/// The weights of attention, head by head, over keys that each become visible at some query.
///
///   p_ij = softmax over visible j of scale x_ij,    j is visible to queries from[j], from[j] + 1,
///   ...
///
/// The weights are a result of their own, so that a loss can be taken of them: at [queries, heads *
/// keys] they suit a small cache. A query that sees no key gives each the weight 0.
///
/// \shape  x [queries, heads * keys] -> the shape of x
/// \throws ShapeError if x is not heads * keys wide.
/// \cost   three passes over x, two in the pullback; one exponential an element
struct MaskedSoftmax {
  static constexpr OperationTraits traits{.inputs = 1};  ///< see OperationTraits

  Index heads;              ///< side by side in the columns
  double scale;             ///< of every score
  std::vector<Index> from;  ///< [keys], the first query that sees the key; in any order

  /// The result; shapes are checked first.
  template <Array A>
  [[nodiscard]] A value(const A& x) const {
    expect_shape("masked_softmax", "x", x, {any_extent, heads * keys()});
    using M = StorageOf<A>;
    const std::vector<Scalar<A>> host(from.begin(), from.end());
    const M first = Primitives<M>::upload(1, keys(), host);
    A y = uninitialised<A>(row_count(x), col_count(x));
    Primitives<M>::map_rows(Forward{scale}, rows(x), view(y), view(x), view(first));
    return y;
  }

  /// Adds to the cotangents of the inputs.
  template <Array A>
  void pullback(const A& y, const A& dy, const Input<A>& x) const {
    A dx = uninitialised<A>(x.rows(), x.cols());
    PrimitivesOf<A>::map_rows(Backward{scale}, rows(y), view(dx), view(y), view(dy));
    x.add(std::move(dx));
  }

 private:
  [[nodiscard]] Index keys() const { return std::ssize(from); }

  template <Array A>
  [[nodiscard]] Rows rows(const A& x) const {
    return {row_count(x), heads, keys()};
  }

 public:  // because kernels of a device are named after them
  struct Forward {
    double scale;
    template <class Row, class Y, class X, class From>
    TTT_HD void operator()(const Row& row, const Y& y, const X& x, const From& first) const {
      using S = Scalar<decltype(x.at(0))>;
      const S factor = static_cast<S>(scale);
      const S query = static_cast<S>(row.index) + S(0.5);
      const auto if_seen = [&](auto i, const auto& a, S otherwise) {
        return where_positive(query - first[i], a, constant_like(a, otherwise));
      };
      const S largest = row.max(0, row.width, [&](auto i) {
        return if_seen(i, value_of(x[i]) * factor, std::numeric_limits<S>::lowest());
      });
      const auto total = row.sum([&](auto i) {
        auto e = if_seen(i, exp(if_seen(i, x[i] * factor, largest) - largest), 0);
        y.set(i, e);
        return e;
      });
      if (!(value_of(total) > S(0))) return;
      const auto share = reciprocal(total);
      row.each([&](auto i) { y.set(i, y[i] * share); });
    }
  };

  struct Backward {
    double scale;
    template <class Row, class Dx, class Y, class Dy>
    TTT_HD void operator()(const Row& row, const Dx& dx, const Y& y, const Dy& dy) const {
      const auto mean = row.sum([&](auto i) { return y[i] * dy[i]; });
      using S = Scalar<decltype(mean)>;
      row.each([&](auto i) { dx.set(i, y[i] * (dy[i] - mean) * static_cast<S>(scale)); });
    }
  };
};

/// Softmax of scale x by heads, over the keys that each query sees; key j is seen from query
/// from[j].
template <class X>
[[nodiscard]] auto masked_softmax(const X& x, Index heads, double scale, std::vector<Index> from) {
  return apply(MaskedSoftmax{.heads = heads, .scale = scale, .from = std::move(from)}, x);
}

static_assert(Operation<MaskedSoftmax>);

}  // namespace ttt
