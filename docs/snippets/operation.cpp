// SPDX-License-Identifier: Apache-2.0
#include <ttt/ttt.hpp>

using namespace ttt;

/// The square of each element.
///
///   y = x^2
struct Square {
  static constexpr bool remembers = true;  // the pullback reads x

  template <Array A>
  A value(const A& x) const {
    return map([](const LaneOf<A>& u) { return u * u; }, x);
  }

  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& x) const {
    x.add(map([](const LaneOf<A>& u, const LaneOf<A>& g) { return u * g * Scalar<A>(2); },
              x.value(), dy));
  }
};

template <class X>
auto square(const X& x) {
  return apply(Square{}, x);
}

static_assert(Operation<Square>);
