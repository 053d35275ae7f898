// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>
#include <ttt/spec/rotary.hpp>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace ttt {

/// What rotary positions multiply the elements of a head by, a row for each position.
///
/// \source Su et al. 2021, "RoFormer: Enhanced Transformer with Rotary Position Embedding",
///         arXiv:2104.09864
template <Storage M>
struct RotaryFactors {
  M own;      ///< [positions, head], of the element itself: cos(angle)
  M partner;  ///< [positions, head], of the element that turns with it: -sin(angle) or sin(angle)
};

namespace detail {

/// The factors of any positions, in double until the end: angle = position * base^(-pair / pairs).
template <Storage M>
[[nodiscard]] std::shared_ptr<const RotaryFactors<M>> rotary_factors(
    std::span<const Index> positions, Index head, const Rotary& rotary) {
  using S = Scalar<M>;
  const Index rows = std::ssize(positions);
  const Index pairs = head / 2;
  const bool interleaved = rotary.pairs == RotaryPairs::interleaved;
  std::vector<S> own(static_cast<std::size_t>(rows * head));
  std::vector<S> partner(own.size());
  for (Index pair = 0; pair < pairs; ++pair) {
    const double speed = std::pow(static_cast<double>(rotary.base),
                                  -static_cast<double>(pair) / static_cast<double>(pairs));
    const Index first = interleaved ? 2 * pair : pair;
    const Index second = interleaved ? first + 1 : first + pairs;
    for (Index t = 0; t < rows; ++t) {
      const double angle = static_cast<double>(at(positions, t)) * speed;
      at(own, t * head + first) = at(own, t * head + second) = static_cast<S>(std::cos(angle));
      at(partner, t * head + second) = static_cast<S>(std::sin(angle));
      at(partner, t * head + first) = -at(partner, t * head + second);
    }
  }
  return std::make_shared<const RotaryFactors<M>>(RotaryFactors<M>{
      Primitives<M>::upload(rows, head, own), Primitives<M>::upload(rows, head, partner)});
}

}  // namespace detail

/// The factors of positions 0, 1, 2, ... of every kind of head that asks, as far as they were
/// needed. A value of whoever reads: it only saves computing them again.
template <Storage M>
class RotaryTables {
 public:
  /// The factors of positions 0 .. positions - 1 at least. \pre head is even
  [[nodiscard]] std::shared_ptr<const RotaryFactors<M>> upto(Index positions, Index head,
                                                             const Rotary& rotary) {
    for (Entry& entry : entries_) {
      if (entry.head == head && entry.rotary == rotary) return grown(entry, positions);
    }
    entries_.push_back({head, rotary, nullptr});
    return grown(entries_.back(), positions);
  }

  /// The factors of any positions, a row for each. \pre head is even
  [[nodiscard]] std::shared_ptr<const RotaryFactors<M>> at(std::span<const Index> positions,
                                                           Index head, const Rotary& rotary) {
    constexpr Index longest = 1 << 16;  // of a table; ours
    if (positions.empty()) return detail::rotary_factors<M>(positions, head, rotary);
    const auto [least, most] = std::ranges::minmax(positions);
    if (least < 0 || most >= longest) return detail::rotary_factors<M>(positions, head, rotary);
    const auto all = upto(most + 1, head, rotary);
    const auto rows = indices<M>(positions);
    const auto picked = [&](const M& from) {
      M to(std::ssize(positions), head);
      Primitives<M>::gather(view(to), view(from), rows);
      return to;
    };
    return std::make_shared<const RotaryFactors<M>>(
        RotaryFactors<M>{picked(all->own), picked(all->partner)});
  }

 private:
  struct Entry {
    Index head;
    Rotary rotary;
    std::shared_ptr<const RotaryFactors<M>> factors;
  };

  /// Twice as many as before, so that growing costs no more than the text.
  static std::shared_ptr<const RotaryFactors<M>> grown(Entry& entry, Index positions) {
    const Index have = entry.factors ? entry.factors->own.rows() : 0;
    if (have < positions) {
      std::vector<Index> all(static_cast<std::size_t>(std::max({positions, 2 * have, Index{64}})));
      std::iota(all.begin(), all.end(), Index{0});
      entry.factors = detail::rotary_factors<M>(all, entry.head, entry.rotary);
    }
    return entry.factors;
  }

  std::vector<Entry> entries_;
};

/// Turns the pairs of every head by angles that grow with the position.
///
/// \shape  x [rows, heads * head] -> the shape of x; row t has the factors of row first + t
/// \throws ShapeError if the width is no multiple of the head's, or a position has no factors;
///         RangeError if `first` is negative.
/// \cost   one pass, and one in the pullback
template <Storage M>
struct Rotate {
  /// See OperationTraits.
  static constexpr OperationTraits traits{.inputs = 1, .remembers = false};

  std::shared_ptr<const RotaryFactors<M>> factors;  ///< shared with the tables
  Index first;                                      ///< row of the factors for row 0
  RotaryPairs pairs;                                ///< which elements turn together

  /// The result; shapes are checked first.
  template <Array A>
  [[nodiscard]] A value(const A& x) const {
    const Index head = factors->own.cols();
    if (col_count(x) % head != 0) expect_shape("rotate", "x", x, {any_extent, head});
    if (first < 0) {
      throw RangeError("rotate: first position must be at least 0, got " + std::to_string(first));
    }
    if (first + row_count(x) > factors->own.rows()) {
      expect_shape("rotate", "x", x, {factors->own.rows() - first, col_count(x)});
    }
    return turned(x, 1);
  }

  /// Adds to the cotangents of the inputs.
  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& x) const {
    x.add_linear(dy, [&](const M& half) { return turned(half, -1); });
  }

 public:  // because kernels of a device are named after them
  struct Turn {
    double direction;
    RotaryPairs pairs;
    template <class Row, class Y, class X, class F>
    TTT_HD void operator()(const Row& row, const Y& y, const X& x, const F& own,
                           const F& partner) const {
      using S = Scalar<decltype(x.at(0))>;
      const S sign = static_cast<S>(direction);
      if (pairs == RotaryPairs::interleaved) {
        row.each([&](auto i) { y.set(i, x[i] * own[i] + x.partner(i) * (partner[i] * sign)); });
      } else {
        const Index half = row.width / 2;
        row.each(0, half,
                 [&](auto i) { y.set(i, x[i] * own[i] + x[i + half] * (partner[i] * sign)); });
        row.each(half, half,
                 [&](auto i) { y.set(i, x[i] * own[i] + x[i + -half] * (partner[i] * sign)); });
      }
    }
  };

 private:
  [[nodiscard]] M turned(const M& x, double direction) const {
    if (is_zero(x)) return {};
    M y(x.rows(), x.cols());
    const Index head = factors->own.cols();
    Primitives<M>::map_rows(Turn{direction, pairs}, Rows{x.rows(), x.cols() / head, head}, view(y),
                            view(x), view(factors->own).middle_rows(first, x.rows()),
                            view(factors->partner).middle_rows(first, x.rows()));
    return y;
  }
  [[nodiscard]] Dual<M> turned(const Dual<M>& x, double direction) const {
    return {turned(x.value, direction), turned(x.tangent, direction)};
  }
};

/// x with row t turned to position first + t, with factors from `tables`.
template <Storage M, class X>
[[nodiscard]] auto rotate(const X& x, RotaryTables<M>& tables, Index head, const Rotary& rotary,
                          Index first) {
  return apply(Rotate<M>{.factors = tables.upto(first + row_count(x), head, rotary),
                         .first = first,
                         .pairs = rotary.pairs},
               x);
}

/// x with row t turned to position positions[t], which may be any.
template <Storage M, class X>
[[nodiscard]] auto rotate(const X& x, RotaryTables<M>& tables, Index head, const Rotary& rotary,
                          std::span<const Index> positions) {
  return apply(
      Rotate<M>{.factors = tables.at(positions, head, rotary), .first = 0, .pairs = rotary.pairs},
      x);
}

static_assert(Operation<Rotate<detail::Archetype>>);

}  // namespace ttt
