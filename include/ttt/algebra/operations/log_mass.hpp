// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>
#include <ttt/shape.hpp>

#include <string>
#include <utility>
#include <vector>

namespace ttt {

/// How far chosen shares are from the whole: the negative logarithm of each.
///
///   y_n = -log(x_place(n) + floor)
///
/// \shape  x [rows, cols], places [count] -> [count, 1]
/// \units  nats
/// \throws RangeError if a place is outside x.
/// \pre    x + floor is positive where it is chosen
struct LogMass {
  static constexpr bool remembers = true;
  static constexpr Index nowhere = -1;  ///< the place of a share that is 0 whatever x is

  std::vector<Index> places;  ///< in row-major order, each any number of times
  double floor = 1e-6;        ///< what a share of 0 counts as; as in the code of arXiv:2603.06642

  template <Array A>
  [[nodiscard]] A value(const A& x) const {
    A y = uninitialised<A>(std::ssize(places), 1);
    for (std::size_t n = 0; n < places.size(); ++n) {
      const Index place = places[n];
      if (place < nowhere || place >= rows(x) * cols(x)) {
        throw RangeError("log_mass: place must be in -1.." + std::to_string(rows(x) * cols(x) - 1) +
                         ", got " + std::to_string(place));
      }
      set_element(y, static_cast<Index>(n), log(share(x, place)) * Scalar<A>(-1));
    }
    return y;
  }

  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& x) const {
    A dx = zeros<A>(rows(x.value()), cols(x.value()));
    for (std::size_t n = 0; n < places.size(); ++n) {
      if (places[n] == nowhere) continue;
      const NumberOf<A> g =
          element(dy, static_cast<Index>(n)) * reciprocal(share(x.value(), places[n]));
      set_element(dx, places[n], element(dx, places[n]) - g);
    }
    x.add(std::move(dx));
  }

 private:
  template <Array A>
  [[nodiscard]] NumberOf<A> share(const A& x, Index place) const {
    const NumberOf<A> mass = place == nowhere ? NumberOf<A>{} : element(x, place);
    return mass + static_cast<Scalar<A>>(floor);
  }
};

/// -log(x + floor) at the places
template <class X>
[[nodiscard]] auto log_mass(const X& x, std::vector<Index> places, double floor = 1e-6) {
  return apply(LogMass{.places = std::move(places), .floor = floor}, x);
}

static_assert(Operation<LogMass>);

}  // namespace ttt
