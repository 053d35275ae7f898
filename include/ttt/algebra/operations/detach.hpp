// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>

#include <memory>
#include <utility>

namespace ttt {

/// A matrix that does not depend on the argument: how a tape comes to own a constant.
///
/// \shape  x [rows, cols] or without elements -> the shape of `held`
template <class S>
struct Constant {
  static constexpr bool remembers = true;

  std::shared_ptr<const Matrix<S>> held;  ///< the value, whatever the argument

  template <Array A>
  [[nodiscard]] A value(const A& /*x*/) const {
    if constexpr (std::same_as<A, Matrix<S>>) {
      return *held;
    } else {
      return {*held, {}};
    }
  }

  template <Array A>
  void pullback(const A& /*y*/, const A& /*dy*/, const Input<A>& x) const {
    x.add(zeros<A>(rows(x.value()), cols(x.value())));
  }
};

///@{
/// The value of x, as a constant: no derivative goes through it, neither forwards nor backwards.
template <class S>
[[nodiscard]] Matrix<S> detach(const Matrix<S>& x) {
  return x;
}
template <class S>
[[nodiscard]] Dual<Matrix<S>> detach(const Dual<Matrix<S>>& x) {
  return {x.value, {}};
}
template <Array A>
[[nodiscard]] Var<A> detach(const Var<A>& x) {
  using M = Matrix<Scalar<A>>;
  static const A nothing{};
  return apply(Constant<Scalar<A>>{std::make_shared<const M>(value_of(x.value()))},
               x.tape().constant(nothing));
}
///@}

static_assert(Operation<Constant<float>>);

}  // namespace ttt
