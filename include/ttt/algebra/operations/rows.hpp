// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>
#include <ttt/shape.hpp>

#include <utility>
#include <vector>

namespace ttt {

/// Rows that follow other rows.
///
/// \shape  past [before, cols] or without elements, next [count, cols] -> [before + count, cols]
/// \throws ShapeError if the widths differ.
struct AppendRows {
  static constexpr bool remembers = true;

  template <Array A>
  [[nodiscard]] A value(const A& past, const A& next) const {
    if (rows(past) == 0) return next;
    expect_shape("append_rows", "next", value_of(next), {any, cols(past)});
    return linear(
        []<class M>(const M& x, const M& y) -> M {
          M both(x.rows() + y.rows(), x.cols());
          both << x, y;
          return both;
        },
        past, next);
  }

  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& past, const Input<A>& next) const {
    const Index before = rows(past.value());
    if (before > 0 && past.wanted()) past.add(block(dy, 0, 0, before, cols(dy)));
    if (next.wanted()) next.add(block(dy, before, 0, rows(dy) - before, cols(dy)));
  }
};

/// The rows from `first` on, `count` of them.
///
/// \shape  x [rows, cols] -> [count, cols]
/// \throws ShapeError if x has fewer than first + count rows.
struct TakeRows {
  static constexpr bool remembers = true;

  Index first;  ///< row of x
  Index count;  ///< rows

  template <Array A>
  [[nodiscard]] A value(const A& x) const {
    if (first < 0 || count < 0 || first + count > rows(x)) {
      expect_shape("take_rows", "x", value_of(x), {first + count, cols(x)});
    }
    return block(x, first, 0, count, cols(x));
  }

  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& x) const {
    x.add(linear(
        [&]<class M>(const M& m) -> M {
          M whole = M::Zero(rows(x.value()), m.cols());
          whole.middleRows(first, count) = m;
          return whole;
        },
        dy));
  }
};

/// The rows with the given numbers, in their order.
///
/// \shape  x [rows, cols] -> [chosen, cols]
/// \throws ShapeError if x lacks a row.
struct ChooseRows {
  static constexpr bool remembers = true;

  std::vector<Index> chosen;  ///< rows of x

  template <Array A>
  [[nodiscard]] A value(const A& x) const {
    for (const Index row : chosen) {
      if (row < 0 || row >= rows(x)) expect_shape("choose_rows", "x", value_of(x), {row + 1, any});
    }
    return linear([&]<class M>(const M& m) -> M { return m(chosen, Eigen::all); }, x);
  }

  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& x) const {
    x.add(linear(
        [&]<class M>(const M& m) -> M {
          M whole = M::Zero(rows(x.value()), m.cols());
          for (Index i = 0; i < m.rows(); ++i) {
            whole.row(chosen[static_cast<std::size_t>(i)]) += m.row(i);
          }
          return whole;
        },
        dy));
  }
};

/// The rows of `past`, then the rows of `next`.
template <class Past, class Next>
[[nodiscard]] auto append_rows(const Past& past, const Next& next) {
  return apply(AppendRows{}, past, next);
}

/// The same on a matrix that is given away, which grows where it stands.
template <class S>
[[nodiscard]] Matrix<S> append_rows(Matrix<S>&& past, const Matrix<S>& next) {
  if (past.rows() == 0) return next;
  expect_shape("append_rows", "next", next, {any, past.cols()});
  past.conservativeResize(past.rows() + next.rows(), Eigen::NoChange);
  past.bottomRows(next.rows()) = next;
  return std::move(past);
}

/// Rows first .. first + count - 1.
template <class X>
[[nodiscard]] auto take_rows(const X& x, Index first, Index count) {
  return apply(TakeRows{.first = first, .count = count}, x);
}

/// The rows with the given numbers.
template <class X>
[[nodiscard]] auto choose_rows(const X& x, std::vector<Index> chosen) {
  return apply(ChooseRows{.chosen = std::move(chosen)}, x);
}

static_assert(Operation<AppendRows> && Operation<TakeRows> && Operation<ChooseRows>);

}  // namespace ttt
