// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>
#include <ttt/shape.hpp>

namespace ttt {

/// The elementwise difference.
///
/// \shape  a, b [rows, cols] -> [rows, cols]
/// \throws ShapeError if the shapes differ.
struct Subtract {
  static constexpr bool remembers = false;

  template <Array A>
  [[nodiscard]] A value(const A& a, const A& b) const {
    expect_shape("subtract", "b", value_of(b), {rows(a), cols(a)});
    return linear([]<class M>(const M& x, const M& y) -> M { return x - y; }, a, b);
  }

  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& a, const Input<A>& b) const {
    if (a.wanted()) a.add(A(dy));
    if (b.wanted()) b.add(linear([]<class M>(const M& m) -> M { return -m; }, dy));
  }
};

/// a - b
template <class Left, class Right>
[[nodiscard]] auto subtract(const Left& a, const Right& b) {
  return apply(Subtract{}, a, b);
}

static_assert(Operation<Subtract>);

}  // namespace ttt
