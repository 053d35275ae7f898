// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>

#include <utility>

namespace ttt {

/// The elementwise sum a + by b, half by half.
///
/// \shape  a, b [rows, cols] -> [rows, cols]
/// \throws ShapeError if the shapes differ.
/// \cost   one pass, and one in the pullback
struct Add {
  /// See OperationTraits.
  static constexpr OperationTraits traits{.inputs = 2, .remembers = false};

  double by = 1;  ///< what b counts

  /// The result; shapes are checked first.
  template <Array A>
  [[nodiscard]] A value(const A& a, const A& b) const {
    expect_shape(by == -1 ? "subtract" : "add", "b", b, {row_count(a), col_count(a)});
    if constexpr (Storage<A>) {
      return sum(a, b);
    } else {
      return {sum(a.value, b.value), sum(a.tangent, b.tangent)};
    }
  }

  /// Adds to the cotangents of the inputs.
  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& a, const Input<A>& b) const {
    a.add(dy);
    if (by == 1) {
      b.add(dy);
    } else {
      b.add_linear(dy, [&](const auto& half) { return scaled(half, by); });
    }
  }

 private:
  template <Storage M>
  [[nodiscard]] M sum(const M& a, const M& b) const {
    if (is_zero(b)) return a;
    if (is_zero(a)) return scaled(b, by);
    return map(detail::PlusTimes{by}, a, b);
  }
};

/// a + b
template <class Left, class Right>
[[nodiscard]] auto add(const Left& a, const Right& b) {
  return apply(Add{}, a, b);
}

/// a - b
template <class Left, class Right>
[[nodiscard]] auto subtract(const Left& a, const Right& b) {
  return apply(Add{.by = -1}, a, b);
}

static_assert(Operation<Add>);

}  // namespace ttt
