// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>
#include <ttt/shape.hpp>

namespace ttt {

/// One array let through a gate that the other opens.
///
///   y = silu(a) b,    silu(a) = a / (1 + exp(-a))
///
/// \shape  a, b [rows, cols] -> [rows, cols]
/// \throws ShapeError if the shapes differ.
/// \cost   one pass; one exponential an element
/// \source Shazeer 2020, "GLU Variants Improve Transformer", arXiv:2002.05202
struct SiluGate {
  static constexpr bool remembers = true;

  template <Array A>
  [[nodiscard]] A value(const A& a, const A& b) const {
    using Lane = LaneOf<A>;
    expect_shape("silu_gate", "b", value_of(b), {rows(a), cols(a)});
    return map([](const Lane& u, const Lane& v) { return u * logistic(u) * v; }, a, b);
  }

  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& a, const Input<A>& b) const {
    using Lane = LaneOf<A>;
    A da = uninitialised<A>(rows(dy), cols(dy));
    A db = uninitialised<A>(rows(dy), cols(dy));
    for_each_lane<Scalar<A>>(rows(dy) * cols(dy), [&](Index at, Index count) {
      const Lane u = load(a.value(), at, count);
      const Lane g = load(dy, at, count);
      const Lane s = logistic(u);
      const Lane silu = u * s;
      store(g * silu, db, at, count);
      store(g * load(b.value(), at, count) * (s + silu * (Scalar<A>(1) - s)), da, at, count);
    });
    if (a.wanted()) a.add(std::move(da));
    if (b.wanted()) b.add(std::move(db));
  }
};

/// silu(a) b, elementwise
template <class Left, class Right>
[[nodiscard]] auto silu_gate(const Left& a, const Right& b) {
  return apply(SiluGate{}, a, b);
}

static_assert(Operation<SiluGate>);

}  // namespace ttt
