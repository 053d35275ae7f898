// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>

#include <algorithm>
#include <utility>

namespace ttt {

/// Each element, but no less than `least` and no more than `most`.
///
/// What is outside gets no derivative; what is on a bound gets that of the inside.
///
/// \shape  x [rows, cols] -> [rows, cols]
struct Clamp {
  static constexpr bool remembers = true;

  double least;  ///< at most `most`
  double most;   ///< of the result

  template <Array A>
  [[nodiscard]] A value(const A& x) const {
    using S = Scalar<A>;
    A y = uninitialised<A>(rows(x), cols(x));
    for (Index at = 0; at < rows(x) * cols(x); ++at) {
      const NumberOf<A> bound =
          NumberOf<A>{} +
          std::clamp(value_of(element(x, at)), static_cast<S>(least), static_cast<S>(most));
      set_element(y, at, inside(x, at) ? element(x, at) : bound);
    }
    return y;
  }

  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& x) const {
    A dx = zeros<A>(rows(dy), cols(dy));
    for (Index at = 0; at < rows(dy) * cols(dy); ++at) {
      if (inside(x.value(), at)) set_element(dx, at, element(dy, at));
    }
    x.add(std::move(dx));
  }

 private:
  template <Array A>
  [[nodiscard]] bool inside(const A& x, Index at) const {
    const Scalar<A> value = value_of(element(x, at));
    return value >= static_cast<Scalar<A>>(least) && value <= static_cast<Scalar<A>>(most);
  }
};

/// The absolute value of each element; at 0 its derivative is 0.
///
/// \shape  x [rows, cols] -> [rows, cols]
struct Magnitude {
  static constexpr bool remembers = true;

  template <Array A>
  [[nodiscard]] A value(const A& x) const {
    return signed_by(x, x);
  }

  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& x) const {
    x.add(signed_by(dy, x.value()));
  }

 private:
  template <Array A>
  [[nodiscard]] static A signed_by(const A& a, const A& x) {
    using S = Scalar<A>;
    A y = uninitialised<A>(rows(a), cols(a));
    for (Index at = 0; at < rows(a) * cols(a); ++at) {
      const S number = value_of(element(x, at));
      const S sign = number > 0 ? S(1) : number < 0 ? S(-1) : S(0);
      set_element(y, at, element(a, at) * sign);
    }
    return y;
  }
};

/// x within bounds, elementwise
template <class X>
[[nodiscard]] auto clamp(const X& x, double least, double most) {
  return apply(Clamp{.least = least, .most = most}, x);
}

/// |x|, elementwise
template <class X>
[[nodiscard]] auto magnitude(const X& x) {
  return apply(Magnitude{}, x);
}

static_assert(Operation<Clamp> && Operation<Magnitude>);

}  // namespace ttt
