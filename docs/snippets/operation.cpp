// SPDX-License-Identifier: Apache-2.0
#include <ttt/ttt.hpp>

using namespace ttt;

/// The square of a number.
///
///   y = x^2
struct SquareOf {
  static constexpr const char* name = "square";  // in messages

  template <class N>
  TTT_HD N value(const N& x) const {
    return x * x;
  }

  template <class N>
  TTT_HD std::array<N, 1> pullback(const N& dy, const N& x) const {
    return {dy * x * Scalar<N>(2)};
  }
};

/// The square of each element.
using Square = Elementwise<1, SquareOf>;

template <class X>
auto square(const X& x) {
  return apply(Square{}, x);
}

static_assert(Operation<Square>);
