// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/clip.hpp>
#include <ttt/algebra/operation.hpp>
#include <ttt/algebra/several.hpp>

#include <cmath>
#include <concepts>
#include <string>
#include <vector>

namespace ttt {

/// The fast weights of a model, or anything of their shapes, in the order of the parameters.
template <Storage M>
using FastWeights = std::vector<M>;

/// The norm of all the arrays as one vector.
template <Storage M>
[[nodiscard]] double global_norm(const std::vector<M>& arrays) {
  double squares = 0;
  for (const double square : sums_of_squares<M>(arrays)) squares += square;
  return std::sqrt(squares);
}

/// a += factor b; a b without elements is zero.
template <Storage M>
void add_scaled(M& a, double factor, const M& b) {
  if (is_zero(b)) return;
  Primitives<M>::map(detail::PlusTimes{factor}, view(a), view(std::as_const(a)), view(b));
}

/// The same for several arrays.
template <Storage M>
void add_scaled(std::vector<M>& a, double factor, const std::vector<M>& b) {
  std::vector<MapArguments<Scalar<M>, 1, 2>> several;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!is_zero(b[i])) several.push_back({{view(a[i])}, {view(a[i]), view(b[i])}});
  }
  map_several<M>(detail::PlusTimes{factor}, several);
}

/// Several arrays, each multiplied by a constant.
template <Storage M>
[[nodiscard]] std::vector<M> scaled(const std::vector<M>& a, double factor) {
  std::vector<M> result;
  std::vector<MapArguments<Scalar<M>, 1, 1>> several;
  result.reserve(a.size());
  for (const M& array : a) {
    result.emplace_back(array.rows(), array.cols());
    several.push_back({{view(result.back())}, {view(array)}});
  }
  map_several<M>(detail::Times{factor}, several);
  return result;
}

/// Whether every element of every array is a finite number.
template <Storage M>
[[nodiscard]] bool is_finite(const std::vector<M>& arrays) {
  return std::isfinite(global_norm(scaled(arrays, 0)));  // 0 times infinity is no number
}

/// What an inner step was taken with: weights and velocity are as they were before.
template <Storage M>
struct InnerStep {
  const FastWeights<M>& weights;   ///< the fast weights
  const FastWeights<M>& velocity;  ///< of the optimiser, or empty
  const FastWeights<M>& gradient;  ///< of the inner loss
};
/// Of arrays of any storage.
template <Storage M>
InnerStep(const FastWeights<M>&, const FastWeights<M>&, const FastWeights<M>&) -> InnerStep<M>;

/// An optimiser that learns while the model reads.
///
/// step(weights, velocity, gradient) changes weights and velocity. pullback(taken, lambda, nu),
/// given a step and the adjoints of the weights and of the velocity after it, returns the
/// gradient's adjoint, and leaves in lambda and nu the adjoints of what they were before.
///
/// \law adjoint  <pullback, d gradient> equals the difference quotient of <lambda, weights>
template <class O>
concept InnerOptimiser = std::copyable<O> &&
    requires(const O& optimiser, FastWeights<detail::Archetype>& weights,
             const FastWeights<detail::Archetype>& gradient) {
  optimiser.step(weights, weights, gradient);
  {
    optimiser.pullback(InnerStep<detail::Archetype>{weights, weights, gradient}, weights, weights)
    } -> std::same_as<FastWeights<detail::Archetype>>;
};

/// The adjoint of a gradient, given that of the clipped gradient.
template <Storage M>
[[nodiscard]] FastWeights<M> pull_clip(double max_norm, const FastWeights<M>& gradient,
                                       FastWeights<M> u) {
  const double norm = global_norm(gradient);
  const double scale = clip_scale(max_norm, norm);
  if (scale == 1) return u;
  std::vector<DotArguments<Scalar<M>>> several;
  several.reserve(u.size());
  for (std::size_t i = 0; i < u.size(); ++i) several.push_back({view(gradient[i]), view(u[i])});
  double along = 0;  // of u, on the unit vector of the gradient
  for (const double part : dots<M>(several)) along += part / norm;
  u = scaled(u, scale);
  add_scaled(u, -scale * along / norm, gradient);
  return u;
}

/// Gradient descent with clipping of the gradient's global norm, and momentum if wanted.
///
///   v' = momentum v + c(g),    W' = W - rate v',    c(g) = g min(1, max_norm / |g|)
///
/// \source arXiv:2512.23675 for rate 1, max_norm 1 and no momentum
struct InnerSgd {
  double rate = 1;      ///< of one chunk's step
  double max_norm = 1;  ///< 0 leaves the norm free
  double momentum = 0;  ///< 0 stores no velocity

  /// Steps down; an empty velocity is one of zeros.
  template <Storage M>
  void step(FastWeights<M>& weights, FastWeights<M>& velocity,
            const FastWeights<M>& gradient) const {
    const double scale = clip_scale(max_norm, global_norm(gradient));
    if (momentum == 0) return add_scaled(weights, -rate * scale, gradient);
    for (std::size_t i = velocity.size(); i < weights.size(); ++i) {
      velocity.push_back(filled<M>(weights[i].rows(), weights[i].cols(), 0));
    }
    velocity = scaled(velocity, momentum);
    add_scaled(velocity, scale, gradient);
    add_scaled(weights, -rate, velocity);
  }

  /// Takes adjoints back through a step; an empty nu is one of zeros, and lambda stays as it is.
  template <Storage M>
  [[nodiscard]] FastWeights<M> pullback(const InnerStep<M>& taken, FastWeights<M>& lambda,
                                        FastWeights<M>& nu) const {
    FastWeights<M> u = scaled(lambda, -rate);
    if (momentum != 0) {
      for (std::size_t i = nu.size(); i < u.size(); ++i) {
        nu.push_back(filled<M>(lambda[i].rows(), lambda[i].cols(), 0));
      }
      add_scaled(u, 1, nu);
      nu = scaled(u, momentum);
    }
    return pull_clip(max_norm, taken.gradient, std::move(u));
  }
};

static_assert(InnerOptimiser<InnerSgd>);

/// What the inner step minimises: a weighting of the chunk's surprisals, which are constants to it.
/// loss(share, surprisal), a template over numbers, is the weight of a token that has `share` in
/// the mean over the chunk.
///
///   loss = sum_t weight_t surprisal_t
template <class L>
concept InnerLoss = std::copyable<L> && requires(const L& loss, float number) {
  { loss(number, number) } -> std::same_as<float>;
};

/// The mean over the tokens of the loss mask: the loss that the model is trained for.
struct EveryToken {
  /// The weight of a token; see InnerLoss.
  template <class N>
  TTT_HD N operator()(const N& share, const N& /*surprisal*/) const {
    return share;
  }
};

/// Only tokens with a surprisal above a bound, each with its share of the whole.
struct SurprisingTokens {
  double above = 1;  ///< nats

  /// The weight of a token; see InnerLoss.
  template <class N>
  TTT_HD N operator()(const N& share, const N& surprisal) const {
    return where_positive(surprisal - Scalar<N>(above), share, share * Scalar<N>(0));
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
