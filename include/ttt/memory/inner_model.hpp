// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations/activations.hpp>

#include <array>
#include <cstddef>

namespace ttt {

/// An affine map of one head of an inner model:  y = x W + b
struct MapShape {
  Index in;          ///< features
  Index out;         ///< features
  bool bias = true;  ///< whether there is a b
};

/// Inner models: small networks whose weights are the memory of a layer, and learn while it reads.
/// A model is a value:
///
///   static constexpr std::size_t maps              affine maps that it has
///   std::array<MapShape, maps> shapes(head)        what they are, for heads of a width
///   auto read(pass, x)                             the answer to x
///
/// `read` is written with pass.map(n, x), the n-th map, and pass.apply(operation, x...), for
/// elementwise operations, each map once, and no derivative: a pass over keys takes the gradient of
/// its loss back through the same lines, a pass over queries reads with the steps that the chunk
/// has taken so far.
namespace inner_model {

/// x W + b
///
/// \source Sun et al. 2024, "Learning to (Learn at Test Time): RNNs with Expressive Hidden States",
///         arXiv:2407.04620
struct Linear {
  static constexpr std::size_t maps = 1;  ///< see inner_model
  bool bias = true;                       ///< whether there is a b

  /// What the map is.
  [[nodiscard]] constexpr std::array<MapShape, maps> shapes(Index head) const {
    return {{{.in = head, .out = head, .bias = bias}}};
  }
  /// The answer to x; see inner_model.
  template <class Pass, class X>
  [[nodiscard]] auto read(Pass& pass, const X& x) const {
    return pass.map(0, x);
  }
};

/// gelu(x W_1 + b_1) W_2 + b_2
///
/// \source Sun et al. 2024, arXiv:2407.04620
struct Mlp {
  static constexpr std::size_t maps = 2;  ///< see inner_model
  Index expansion = 4;                    ///< hidden features for each feature of a head

  /// What the maps are.
  [[nodiscard]] constexpr std::array<MapShape, maps> shapes(Index head) const {
    return {{{.in = head, .out = expansion * head}, {.in = expansion * head, .out = head}}};
  }
  /// The answer to x; see inner_model.
  template <class Pass, class X>
  [[nodiscard]] auto read(Pass& pass, const X& x) const {
    return pass.map(1, pass.apply(Gelu{}, pass.map(0, x)));
  }
};

/// (silu(x W_1) * (x W_3)) W_2, in the order W_1, W_3, W_2
///
/// \source Zhang et al. 2025, "Test-Time Training Done Right", arXiv:2505.23884
struct SwiGlu {
  static constexpr std::size_t maps = 3;  ///< see inner_model
  Index expansion = 2;                    ///< hidden features for each feature of a head

  /// What the maps are.
  [[nodiscard]] constexpr std::array<MapShape, maps> shapes(Index head) const {
    const Index hidden = expansion * head;
    return {{{.in = head, .out = hidden, .bias = false},
             {.in = head, .out = hidden, .bias = false},
             {.in = hidden, .out = head, .bias = false}}};
  }
  /// The answer to x; see inner_model.
  template <class Pass, class X>
  [[nodiscard]] auto read(Pass& pass, const X& x) const {
    return pass.map(2, pass.apply(SiluGate{}, pass.map(0, x), pass.map(1, x)));
  }
};

}  // namespace inner_model

}  // namespace ttt
