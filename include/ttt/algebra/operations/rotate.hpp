// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>
#include <ttt/shape.hpp>
#include <ttt/spec/model_spec.hpp>

#include <cmath>
#include <complex>
#include <memory>
#include <span>
#include <utility>

namespace ttt {

/// The unit complex numbers that rotary positions multiply pairs by.
///
///   e^(i position base^(-2 pair / head))
///
/// \source Su et al. 2021, "RoFormer: Enhanced Transformer with Rotary Position Embedding",
///         arXiv:2104.09864
template <class S>
class RotaryTable {
 public:
  /// The complex number of each position and pair.
  using Factors = Eigen::Array<std::complex<S>, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

  /// Positions 0 .. positions - 1.
  ///
  /// \pre head is even
  RotaryTable(Index positions, Index head, double base, Rotary pairs)
      : factors_(positions, head / 2), base_(base), pairs_(pairs) {
    for (Index row = 0; row < positions; ++row) fill(row, row);
  }

  /// A table whose row t has the factors of positions[t], which may be any.
  [[nodiscard]] RotaryTable at(std::span<const Index> positions) const {
    RotaryTable table(0, 2 * factors_.cols(), base_, pairs_);
    table.factors_.resize(std::ssize(positions), factors_.cols());
    for (Index row = 0; row < std::ssize(positions); ++row) {
      const Index position = positions[static_cast<std::size_t>(row)];
      if (position >= 0 && position < factors_.rows()) {
        table.factors_.row(row) = factors_.row(position);
      } else {
        table.fill(row, position);
      }
    }
    return table;
  }

  [[nodiscard]] const Factors& factors() const { return factors_; }  ///< [positions, head / 2]
  [[nodiscard]] Rotary pairs() const { return pairs_; }  ///< which elements turn together

 private:
  void fill(Index row, Index position) {
    const auto half = static_cast<double>(factors_.cols());
    for (Index pair = 0; pair < factors_.cols(); ++pair) {
      const double speed = std::pow(base_, -static_cast<double>(pair) / half);
      const std::complex<double> turn = std::polar(1.0, static_cast<double>(position) * speed);
      factors_(row, pair) = {static_cast<S>(turn.real()), static_cast<S>(turn.imag())};
    }
  }

  Factors factors_;
  double base_;
  Rotary pairs_;
};

/// Turns the pairs of every head by angles that grow with the position.
///
/// \shape  x [rows, heads * head] -> the shape of x; row t has position first + t
/// \throws ShapeError if the width is no multiple of the head's, or a position is not in the table.
template <class S>
struct Rotate {
  static constexpr bool remembers = false;

  std::shared_ptr<const RotaryTable<S>> table;  ///< the operation's own, or borrowed
  Index first;                                  ///< position of row 0

  template <Array A>
  [[nodiscard]] A value(const A& x) const {
    const Index head = 2 * table->factors().cols();
    if (cols(x) % head != 0) expect_shape("rotate", "x", value_of(x), {any, head});
    if (first < 0 || first + rows(x) > table->factors().rows()) {
      expect_shape("rotate", "x", value_of(x), {table->factors().rows() - first, cols(x)});
    }
    return linear([&](const Matrix<S>& m) { return turned<false>(m); }, x);
  }

  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& x) const {
    x.add(linear([&](const Matrix<S>& m) { return turned<true>(m); }, dy));
  }

 private:
  template <bool Back>
  [[nodiscard]] Matrix<S> turned(const Matrix<S>& x) const {
    const auto& factors = table->factors();
    const Index half = factors.cols();
    Matrix<S> y(x.rows(), x.cols());
    for (Index t = 0; t < x.rows(); ++t) {
      const auto turn = factors.row(first + t);
      for (Index at = 0; at < x.cols(); at += 2 * half) {
        if (table->pairs() == Rotary::interleaved) {
          using Pairs = Eigen::Array<std::complex<S>, 1, Eigen::Dynamic>;
          const auto* from = reinterpret_cast<const std::complex<S>*>(&x(t, at));
          auto* to = reinterpret_cast<std::complex<S>*>(&y(t, at));
          if constexpr (Back) {
            Eigen::Map<Pairs>(to, half) = Eigen::Map<const Pairs>(from, half) * turn.conjugate();
          } else {
            Eigen::Map<Pairs>(to, half) = Eigen::Map<const Pairs>(from, half) * turn;
          }
        } else {
          const S sign = Back ? S(-1) : S(1);
          const auto a = x.row(t).segment(at, half).array();
          const auto b = x.row(t).segment(at + half, half).array();
          y.row(t).segment(at, half) = a * turn.real() - sign * b * turn.imag();
          y.row(t).segment(at + half, half) = b * turn.real() + sign * a * turn.imag();
        }
      }
    }
    return y;
  }
};

/// x with row t turned to position first + t. The table outlives the tape.
template <class X, class S>
[[nodiscard]] auto rotate(const X& x, const RotaryTable<S>& table, Index first) {
  using Table = std::shared_ptr<const RotaryTable<S>>;
  return apply(Rotate<S>{.table = Table(Table(), &table), .first = first}, x);
}

/// x with row t turned to position positions[t], which need not be in the table.
template <class X, class S>
[[nodiscard]] auto rotate(const X& x, const RotaryTable<S>& table,
                          std::span<const Index> positions) {
  return apply(
      Rotate<S>{.table = std::make_shared<const RotaryTable<S>>(table.at(positions)), .first = 0},
      x);
}

static_assert(Operation<Rotate<float>>);

}  // namespace ttt
