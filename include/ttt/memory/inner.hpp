// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/sums.hpp>

#include <cmath>
#include <concepts>
#include <vector>

namespace ttt {

/// The fast weights of a model, or anything of their shapes, in the order of the parameters.
template <class S>
using FastWeights = std::vector<Matrix<S>>;

/// The norm of all the arrays as one vector.
template <class S>
[[nodiscard]] double global_norm(const std::vector<Matrix<S>>& arrays) {
  double squares = 0;
  for (const auto& array : arrays) squares += sum_of_squares(array);
  return std::sqrt(squares);
}

/// An optimiser that learns while the model reads.
///
/// step(weights, velocity, gradient) changes weights and velocity. pullback(gradient, lambda, nu),
/// given the adjoints of the weights and of the velocity after a step, returns the gradient's
/// adjoint, and leaves in lambda and nu the adjoints of what they were before.
///
/// \law adjoint  <pullback, d gradient> equals the difference quotient of <lambda, weights>
template <class O>
concept InnerOptimiser = std::copyable<O> &&
    requires(const O& optimiser, FastWeights<double>& weights,
             const FastWeights<double>& gradient) {
  optimiser.step(weights, weights, gradient);
  { optimiser.pullback(gradient, weights, weights) } -> std::same_as<FastWeights<double>>;
};

/// Gradient descent with the gradient's global norm bounded, and momentum if wanted.
///
///   v' = momentum v + c(g),    W' = W - rate v',    c(g) = g min(1, clip / |g|)
///
/// \source arXiv:2512.23675 for rate 1, clip 1 and no momentum
struct InnerSgd {
  double rate = 1;      ///< of one chunk's step
  double clip = 1;      ///< 0 leaves the norm free
  double momentum = 0;  ///< 0 keeps no velocity

  /// Steps down; an empty velocity is one of zeros.
  template <class S>
  void step(FastWeights<S>& weights, FastWeights<S>& velocity,
            const FastWeights<S>& gradient) const {
    const S scale = static_cast<S>(shrink(global_norm(gradient)));
    if (momentum != 0 && velocity.empty()) {
      for (const auto& w : weights) velocity.push_back(Matrix<S>::Zero(w.rows(), w.cols()));
    }
    for (std::size_t i = 0; i < weights.size(); ++i) {
      if (momentum == 0) {
        weights[i] -= static_cast<S>(rate) * scale * gradient[i];
      } else {
        velocity[i] = static_cast<S>(momentum) * velocity[i] + scale * gradient[i];
        weights[i] -= static_cast<S>(rate) * velocity[i];
      }
    }
  }

  /// Takes adjoints back through a step; an empty nu is one of zeros, and lambda stays as it is.
  template <class S>
  [[nodiscard]] FastWeights<S> pullback(const FastWeights<S>& gradient, FastWeights<S>& lambda,
                                        FastWeights<S>& nu) const {
    FastWeights<S> u;
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      u.push_back(-static_cast<S>(rate) * lambda[i]);
      if (momentum != 0) {
        if (nu.size() <= i) nu.push_back(Matrix<S>::Zero(u[i].rows(), u[i].cols()));
        u[i] += nu[i];
        nu[i] = static_cast<S>(momentum) * u[i];
      }
    }
    const double norm = global_norm(gradient);
    const double scale = shrink(norm);
    if (scale == 1) return u;
    double along = 0;  // of u, on the unit vector of the gradient
    for (std::size_t i = 0; i < u.size(); ++i) along += dot(gradient[i], u[i]);
    along /= norm;
    for (std::size_t i = 0; i < u.size(); ++i) {
      u[i] = static_cast<S>(scale) * (u[i] - static_cast<S>(along / norm) * gradient[i]);
    }
    return u;
  }

 private:
  [[nodiscard]] double shrink(double norm) const {
    return clip > 0 && norm >= clip ? clip / norm : 1.0;
  }
};

static_assert(InnerOptimiser<InnerSgd>);

/// What the inner step minimises: a weighting of the chunk's surprisals, which are constants to it.
///
///   loss = sum_t weights_t surprisal_t
template <class L>
concept InnerLoss = std::copyable<L> && requires(const L& loss, const Matrix<double>& column) {
  { loss.weights(column, column) } -> std::same_as<Matrix<double>>;
};

/// The mean over the scored tokens: the loss that the model is trained for.
struct EveryToken {
  /// \shape  shares, surprisal [time, 1] -> [time, 1]
  template <class S>
  [[nodiscard]] Matrix<S> weights(const Matrix<S>& shares, const Matrix<S>& /*surprisal*/) const {
    return shares;
  }
};

/// Only tokens that surprised by more than a bound, each with its share of the whole.
struct SurprisingTokens {
  double above = 1;  ///< nats

  /// \shape  shares, surprisal [time, 1] -> [time, 1]
  template <class S>
  [[nodiscard]] Matrix<S> weights(const Matrix<S>& shares, const Matrix<S>& surprisal) const {
    return (surprisal.array() > static_cast<S>(above)).select(shares, S(0));
  }
};

static_assert(InnerLoss<EveryToken> && InnerLoss<SurprisingTokens>);

/// How a model learns while it reads.
template <InnerOptimiser Optimiser = InnerSgd, InnerLoss Loss = EveryToken>
struct InnerLoop {
  Optimiser optimiser{};  ///< takes the step
  Loss loss{};            ///< is what the step descends
};

}  // namespace ttt
