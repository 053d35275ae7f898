// SPDX-License-Identifier: Apache-2.0
#include <ttt/ttt.hpp>

using namespace ttt;

/// Gradient descent on weights that fade.
///
///   W' = keep W - rate g
struct Fading {
  double rate = 1;
  double keep = 0.99;

  template <class S>
  void step(FastWeights<S>& weights, FastWeights<S>& /*velocity*/,
            const FastWeights<S>& gradient) const {
    for (std::size_t i = 0; i < weights.size(); ++i) {
      weights[i] = static_cast<S>(keep) * weights[i] - static_cast<S>(rate) * gradient[i];
    }
  }

  /// lambda and nu come as the adjoints of weights and velocity after the step, and leave as those
  /// before it; returns the adjoint of the gradient.
  template <class S>
  FastWeights<S> pullback(const FastWeights<S>& /*gradient*/, FastWeights<S>& lambda,
                          FastWeights<S>& /*nu*/) const {
    FastWeights<S> u;
    for (Matrix<S>& adjoint : lambda) {
      u.push_back(-static_cast<S>(rate) * adjoint);
      adjoint *= static_cast<S>(keep);
    }
    return u;
  }
};

/// Leaves out what surprised most: perhaps noise.
struct NotTheWildest {
  double below = 5;  ///< nats

  template <class S>
  Matrix<S> weights(const Matrix<S>& shares, const Matrix<S>& surprisal) const {
    return (surprisal.array() < static_cast<S>(below)).select(shares, S(0));
  }
};

static_assert(InnerOptimiser<Fading> && InnerLoss<NotTheWildest>);

using Objective = MetaLoss<InnerLoop<Fading, NotTheWildest>>;
template <class Model>
using FadingSession = Session<Model, float, InnerLoop<Fading, NotTheWildest>>;
