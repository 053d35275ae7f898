// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>

#include <string>
#include <utility>
#include <vector>

namespace ttt {

/// The negative logarithm of chosen elements: of probabilities, their surprisal.
///
///   y_n = -log(x_place(n) + floor)
///
/// \shape  x [rows, cols], places [count] -> [count, 1]
/// \units  nats
/// \throws RangeError if a place is outside x.
/// \pre    x + floor is positive where it is chosen
/// \cost   O(count), and a pass over an array of zeros in the pullback
struct NegativeLog {
  static constexpr OperationTraits traits{.inputs = 1};  ///< see OperationTraits
  static constexpr Index nowhere = -1;  ///< the place of an element that is 0 whatever x is

  std::vector<Index> places;  ///< in row-major order, each any number of times
  double floor = 0;           ///< what is added to each

  /// The result; shapes are checked first.
  template <Array A>
  [[nodiscard]] A value(const A& x) const {
    const Index size = row_count(x) * col_count(x);
    for (const Index place : places) {
      if (place >= nowhere && place < size) continue;
      throw RangeError("negative_log: place must be in -1.." + std::to_string(size - 1) + ", got " +
                       std::to_string(place));
    }
    A y = uninitialised<A>(std::ssize(places), 1);
    PrimitivesOf<A>::map_rows(Forward{floor}, Rows{std::ssize(places), 1, 1}, view(y),
                              Shared{flat(view(x))}, indices<A>(places));
    return y;
  }

  /// Adds to the cotangents of the inputs.
  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& x) const {
    A dx = zeros<A>(x.rows(), x.cols());
    PrimitivesOf<A>::map_rows(Backward{floor}, Rows{std::ssize(places), 1, 1}, Sum{flat(view(dx))},
                              view(dy), Shared{flat(view(x.value()))}, indices<A>(places));
    x.add(std::move(dx));
  }

 private:
  /// All elements in one row.
  template <class S>
  [[nodiscard]] static View<S> flat(const View<S>& v) {
    return {v.data, 1, v.rows * v.cols, v.rows * v.cols};
  }
  template <class V>
  [[nodiscard]] static Dual<V> flat(const Dual<V>& v) {
    return {flat(v.value), flat(v.tangent)};
  }

  template <class X>
  TTT_HD static auto element(const X& x, Index place, double floor) {
    using N = decltype(x.at(0));
    const N chosen = place == nowhere ? N{} : x.at(place);
    return chosen + static_cast<Scalar<N>>(floor);
  }

 public:  // because kernels of a device are named after them
  struct Forward {
    double floor;
    template <class Row, class Y, class X, class Places>
    TTT_HD void operator()(const Row& row, const Y& y, const X& x,
                           const Places& chosen_places) const {
      const auto chosen = element(x, chosen_places[row.index], floor);
      y.set_at(0, log(chosen) * Scalar<decltype(chosen)>(-1));
    }
  };

  struct Backward {
    double floor;
    template <class Row, class Dx, class Dy, class X, class Places>
    TTT_HD void operator()(const Row& row, const Dx& dx, const Dy& dy, const X& x,
                           const Places& chosen_places) const {
      const Index place = chosen_places[row.index];
      if (place == nowhere) return;
      const auto chosen = element(x, place, floor);
      dx.add_at(place, dy.at(0) * reciprocal(chosen) * Scalar<decltype(chosen)>(-1));
    }
  };
};

/// -log(x + floor) at the places
template <class X>
[[nodiscard]] auto negative_log(const X& x, std::vector<Index> places, double floor = 0) {
  return apply(NegativeLog{.places = std::move(places), .floor = floor}, x);
}

static_assert(Operation<NegativeLog>);

}  // namespace ttt
