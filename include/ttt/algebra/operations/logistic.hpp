// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>

#include <utility>

namespace ttt {

/// How far each gate is open.
///
///   y = 1 / (1 + exp(-x))
///
/// \shape  x [rows, cols] -> [rows, cols]
/// \cost   one pass; one exponential an element
struct Logistic {
  static constexpr bool remembers = true;

  template <Array A>
  [[nodiscard]] A value(const A& x) const {
    return map([](const LaneOf<A>& u) { return logistic(u); }, x);
  }

  template <Array A>
  void pullback(const A& y, const A& dy, const Input<A>& x) const {
    x.add(map([](const LaneOf<A>& s, const LaneOf<A>& g) { return g * s * (Scalar<A>(1) - s); }, y,
              dy));
  }
};

/// 1 / (1 + exp(-x)), elementwise
template <class X>
[[nodiscard]] auto logistic(const X& x) {
  return apply(Logistic{}, x);
}

static_assert(Operation<Logistic>);

}  // namespace ttt
