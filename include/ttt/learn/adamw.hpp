// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/sums.hpp>
#include <ttt/algebra/tree.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace ttt {

/// Adam with decoupled weight decay, after a clip of the gradient's global norm.
///
///   g = g min(1, clip / |g|);  m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2
///   p = p - rate (m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + epsilon) + decay p)
///
/// \source Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization", arXiv:1711.05101;
///         the defaults from arXiv:2512.23675
struct AdamW {
  double b1 = 0.9;                    ///< how much of m stays in each step
  double b2 = 0.95;                   ///< how much of v stays in each step
  double epsilon = 1e-8;              ///< keeps a step without gradients finite
  double decay = 0.1;                 ///< of the parameters, norms and embedding included
  double clip = 1;                    ///< 0 leaves the norm free
  std::vector<std::string> frozen{};  ///< tensors whose name contains one of these stay as they are

  /// What the optimiser remembers; a value that belongs to the caller.
  template <class Params>
  struct State {
    Params mean;      ///< m; without elements before the first step
    Params square;    ///< v; likewise
    Index steps = 0;  ///< taken
  };

  /// Takes one step; frozen tensors count neither in the norm nor in the state.
  ///
  /// \shape  params and gradient are trees of one form and shape
  /// \cost   one pass over parameters, gradient and state
  template <class Params>
  void step(Params& params, const Params& gradient, State<Params>& state, double rate) const {
    double squares = 0;
    for_each_array(
        [&](const Leaf& leaf, const auto& g) {
          if (!is_frozen(leaf)) squares += sum_of_squares(g);
        },
        gradient);
    const double norm = std::sqrt(squares);
    const double scale = clip > 0 && norm >= clip ? clip / norm : 1.0;
    ++state.steps;
    const double t = static_cast<double>(state.steps);
    const double unbias_mean = 1.0 / (1.0 - std::pow(b1, t));
    const double unbias_square = 1.0 / (1.0 - std::pow(b2, t));
    for_each_array(
        [&]<class M>(const Leaf& leaf, M& p, const M& raw, M& m, M& v) {
          using S = typename M::Scalar;
          if (is_frozen(leaf) || p.size() == 0) return;
          if (m.size() == 0) m.setZero(p.rows(), p.cols());
          if (v.size() == 0) v.setZero(p.rows(), p.cols());
          const auto g = raw.array() * static_cast<S>(scale);
          m.array() = static_cast<S>(b1) * m.array() + static_cast<S>(1 - b1) * g;
          v.array() = static_cast<S>(b2) * v.array() + static_cast<S>(1 - b2) * g.square();
          p.array() -=
              static_cast<S>(rate) *
              (static_cast<S>(unbias_mean) * m.array() /
                   ((static_cast<S>(unbias_square) * v.array()).sqrt() + static_cast<S>(epsilon)) +
               static_cast<S>(decay) * p.array());
        },
        params, gradient, state.mean, state.square);
  }

 private:
  [[nodiscard]] bool is_frozen(const Leaf& leaf) const {
    return std::ranges::any_of(
        frozen, [&](const std::string& part) { return leaf.name.find(part) != std::string::npos; });
  }
};

}  // namespace ttt
