// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace ttt {

namespace detail {

/// half(a) of a matrix, and of both halves of a dual.
template <class F, Storage M>
[[nodiscard]] M map_halves(const F& half, const M& a) {
  return is_zero(a) ? M{} : half(a);
}
template <class F, Storage M>
[[nodiscard]] Dual<M> map_halves(const F& half, const Dual<M>& a) {
  return {map_halves(half, a.value), map_halves(half, a.tangent)};
}

///@{
/// Adds `part` to rows of `whole`.
template <Storage M>
void add_rows(const View<Scalar<M>>& whole, Index first, const M& part) {
  if (whole.data == nullptr || is_zero(part)) return;
  const auto rows = whole.middle_rows(first, part.rows());
  Primitives<M>::map(Plus{}, rows, View<const Scalar<M>>(rows), view(part));
}
template <Storage M>
void add_rows(const Dual<View<Scalar<M>>>& whole, Index first, const Dual<M>& part) {
  add_rows(whole.value, first, part.value);
  add_rows(whole.tangent, first, part.tangent);
}
template <Storage M>
void scatter_rows(const View<Scalar<M>>& whole, const Indices<M>& chosen, const M& part) {
  if (whole.data != nullptr && !is_zero(part)) {
    Primitives<M>::scatter_add(whole, chosen, view(part));
  }
}
template <Storage M>
void scatter_rows(const Dual<View<Scalar<M>>>& whole, const Indices<M>& chosen,
                  const Dual<M>& part) {
  scatter_rows(whole.value, chosen, part.value);
  scatter_rows(whole.tangent, chosen, part.tangent);
}
///@}

}  // namespace detail

/// Rows that follow other rows.
///
/// \shape  past [before, cols] or without elements, next [count, cols] -> [before + count, cols]
/// \throws ShapeError if the widths differ.
struct AppendRows {
  /// See OperationTraits.
  static constexpr OperationTraits traits{.inputs = 2, .remembers = false};

  /// The result; shapes are checked first.
  template <Array A>
  [[nodiscard]] A value(const A& past, const A& next) const {
    if (row_count(past) == 0) return next;
    expect_shape("append_rows", "next", next, {any_extent, col_count(past)});
    if constexpr (Storage<A>) {
      return both(past, next, past.rows(), next.rows());
    } else {
      return {both(past.value, next.value, row_count(past), row_count(next)),
              both(past.tangent, next.tangent, row_count(past), row_count(next))};
    }
  }

  /// Adds to the cotangents of the inputs.
  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& past, const Input<A>& next) const {
    if (past.rows() > 0) {
      past.add_linear(dy, [&](const auto& half) { return copied_rows(half, 0, past.rows()); });
    }
    next.add_linear(dy,
                    [&](const auto& half) { return copied_rows(half, past.rows(), next.rows()); });
  }

 private:
  template <Storage M>
  [[nodiscard]] static M both(const M& past, const M& next, Index before, Index count) {
    if (is_zero(past) && is_zero(next)) return {};
    M result(before + count, is_zero(past) ? next.cols() : past.cols());
    const auto part = [&](const M& from, Index first, Index rows) {
      const auto to = view(result).middle_rows(first, rows);
      if (is_zero(from)) {
        Primitives<M>::map(detail::Fill{0}, to, detail::zeros_like(to));
      } else {
        Primitives<M>::map(detail::Copy{}, to, view(from));
      }
    };
    part(past, 0, before);
    part(next, before, count);
    return result;
  }
};

/// The rows from `first` on, `count` of them.
///
/// \shape  x [rows, cols] -> [count, cols]
/// \throws ShapeError if x has fewer than first + count rows.
struct TakeRows {
  /// See OperationTraits.
  static constexpr OperationTraits traits{.inputs = 1, .remembers = false};

  Index first;  ///< row of x
  Index count;  ///< rows

  /// The result; shapes are checked first.
  template <Array A>
  [[nodiscard]] A value(const A& x) const {
    if (first < 0 || count < 0 || first + count > row_count(x)) {
      expect_shape("take_rows", "x", x, {first + count, col_count(x)});
    }
    return copied_rows(x, first, count);
  }

  /// Adds to the cotangents of the inputs.
  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& x) const {
    if (x.wanted()) detail::add_rows(x.sum(), first, dy);
  }
};

/// The rows with the given numbers, in their order.
///
/// \shape  x [rows, cols] -> [chosen, cols]
/// \throws RangeError if x lacks a row.
struct ChooseRows {
  /// See OperationTraits.
  static constexpr OperationTraits traits{.inputs = 1, .remembers = false};

  std::vector<Index> chosen;              ///< rows of x, each any number of times
  const char* operation = "choose_rows";  ///< that messages name
  const char* argument = "row";           ///< that messages name

  /// The result; shapes are checked first.
  template <Array A>
  [[nodiscard]] A value(const A& x) const {
    for (std::size_t n = 0; n < chosen.size(); ++n) {
      if (chosen[n] >= 0 && chosen[n] < row_count(x)) continue;
      throw RangeError(std::string(operation) + ": " + argument + " must be in 0.." +
                       std::to_string(row_count(x) - 1) + ", got " + std::to_string(chosen[n]) +
                       " at " + std::to_string(n));
    }
    const auto rows = indices<A>(chosen);
    return detail::map_halves(
        [&]<class M>(const M& m) {
          M picked(std::ssize(chosen), m.cols());
          Primitives<M>::gather(view(picked), view(m), rows);
          return picked;
        },
        x);
  }

  /// Adds to the cotangents of the inputs.
  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& x) const {
    if (x.wanted()) detail::scatter_rows(x.sum(), indices<A>(chosen), dy);
  }
};

/// The rows of `past`, then the rows of `next`.
template <class Past, class Next>
[[nodiscard]] auto append_rows(const Past& past, const Next& next) {
  return apply(AppendRows{}, past, next);
}

/// The rows of all parts, one part behind the other.
///
/// \pre    there is a part
/// \cost   O(rows log(parts)), so that it does not matter into how many parts rows are cut
template <class X>
[[nodiscard]] X append_all(std::vector<X> parts) {
  while (parts.size() > 1) {
    for (std::size_t n = 0; n + 1 < parts.size(); n += 2) {
      parts[n / 2] = append_rows(parts[n], parts[n + 1]);
    }
    if (parts.size() % 2 == 1) parts[parts.size() / 2] = std::move(parts.back());
    parts.resize((parts.size() + 1) / 2);
  }
  return std::move(parts.front());
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
