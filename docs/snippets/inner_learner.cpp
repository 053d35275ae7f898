// SPDX-License-Identifier: Apache-2.0
#include <ttt/ttt.hpp>

using namespace ttt;

/// A gated unit: silu(x W_1) * (x W_2).
struct Gated {
  static constexpr std::size_t maps = 2;

  constexpr std::array<MapShape, maps> shapes(Index head) const {
    return {{{.in = head, .out = head}, {.in = head, .out = head}}};
  }
  template <class Pass, class X>
  auto read(Pass& pass, const X& x) const {
    return pass.apply(SiluGate{}, pass.map(0, x), pass.map(1, x));
  }
};

/// loss = |z - v| in each head, so large errors count no more than small ones; the answer is z
struct UnitErrors {
  static constexpr bool normed = false;

  template <class P, class X>
  X gradient(const InnerNorm<P>&, const X& z, const X&, const X& v, Index heads) const {
    return unit_norm(subtract(z, v), heads);
  }
  template <class P, class X>
  X answer(const InnerNorm<P>&, const X&, const X& z, Index) const {
    return z;
  }
};

using Learner = InnerLearner<Gated, UnitErrors, inner_rule::Momentum>;

constexpr ModelSpec small{
    .vocab = 256, .width = 32, .heads = 2, .hidden = 48, .window = 64, .chunk = 32};
using Model = TttModel<small, 2, TttLayer<Learner>{.chunk = 16}>;
