// SPDX-License-Identifier: Apache-2.0
#include <ttt/ttt.hpp>

using namespace ttt;

/// Gradient descent on weights that decay.
///
///   W' = keep W - rate g
struct Fading {
  double rate = 1;
  double keep = 0.99;

  template <Storage M>
  void step(FastWeights<M>& weights, FastWeights<M>& /*velocity*/,
            const FastWeights<M>& gradient) const {
    for (std::size_t i = 0; i < weights.size(); ++i) {
      weights[i] = scaled(weights[i], keep);
      add_scaled(weights[i], -rate, gradient[i]);
    }
  }

  /// Takes lambda and nu, the adjoints of weights and velocity, from after the step to before it;
  /// returns the adjoint of the gradient.
  template <Storage M>
  FastWeights<M> pullback(const InnerStep<M>& /*taken*/, FastWeights<M>& lambda,
                          FastWeights<M>& /*nu*/) const {
    FastWeights<M> u;
    for (M& adjoint : lambda) {
      u.push_back(scaled(adjoint, -rate));
      adjoint = scaled(adjoint, keep);
    }
    return u;
  }
};

/// Leaves out the targets with the highest surprisal, which may be noise.
struct NotTheWildest {
  double below = 5;  ///< nats

  template <class N>
  TTT_HD N operator()(const N& share, const N& surprisal) const {
    return where_positive(surprisal - Scalar<N>(below), share * Scalar<N>(0), share);
  }
};

static_assert(InnerOptimiser<Fading> && InnerLoss<NotTheWildest>);

using Objective = MetaLoss<InnerLoop<Fading, NotTheWildest>>;
template <class Model>
using FadingSession = Session<Model, Matrix<float>, InnerLoop<Fading, NotTheWildest>>;
