// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>

namespace ttt {

///@{
/// The value of x, as a constant: no derivative goes through it, neither forwards nor backwards.
template <Storage M>
[[nodiscard]] M detach(const M& x) {
  return x;
}
template <Storage M>
[[nodiscard]] Dual<M> detach(const Dual<M>& x) {
  return {x.value, {}};
}
template <Array A>
[[nodiscard]] Var<A> detach(const Var<A>& x) {
  return x.tape().own_constant(detach(x.value()));
}
///@}

}  // namespace ttt
