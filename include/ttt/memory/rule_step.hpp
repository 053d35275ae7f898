// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/tape.hpp>
#include <ttt/memory/inner.hpp>
#include <ttt/memory/inner_rule.hpp>

#include <cstddef>
#include <utility>

namespace ttt {

/// An inner optimiser made of an inner rule, which is all that it takes: the pullback of a step is
/// that of the operations the rule is written with.
///
///   W' = W - rate change(v, c(g)),    c(g) = g min(1, max_norm / |g|)
///
/// \source arXiv:2512.23675 for the clip
template <class Rule>
struct RuleStep {
  Rule rule{};          ///< takes the step
  double rate = 1;      ///< of one chunk's step
  double max_norm = 1;  ///< 0 leaves the norm free

  /// Steps down; an empty velocity is one of zeros.
  template <Storage M>
  void step(FastWeights<M>& weights, FastWeights<M>& velocity,
            const FastWeights<M>& gradient) const {
    const FastWeights<M> clipped = this->clipped(weights, gradient);
    if (Rule::velocity) velocity.resize(weights.size());
    for (std::size_t n = 0; n < weights.size(); ++n) {
      M none;
      add_scaled(weights[n], -rate,
                 rule.change(Rule::velocity ? velocity[n] : none, clipped[n], 1));
    }
  }

  /// Takes adjoints back through a step; an empty nu is one of zeros, and lambda stays as it is.
  template <Storage M>
  [[nodiscard]] FastWeights<M> pullback(const InnerStep<M>& taken, const FastWeights<M>& lambda,
                                        FastWeights<M>& nu) const {
    const FastWeights<M> clipped = this->clipped(taken.weights, taken.gradient);
    const bool moving = !taken.velocity.empty();
    FastWeights<M> u(lambda.size());
    FastWeights<M> velocities(moving ? lambda.size() : 0);
    for (std::size_t n = 0; n < lambda.size(); ++n) {
      Tape<M> tape;
      const M none;
      Var<M> v = moving ? tape.leaf(taken.velocity[n], velocities[n]) : tape.constant(none);
      const Var<M> change = rule.change(v, tape.leaf(clipped[n], u[n]), 1);
      tape.seed(change, scaled(lambda[n], -rate));
      if (Rule::velocity && !nu.empty()) tape.seed(v, nu[n]);
      tape.pull_back();
    }
    nu = std::move(velocities);
    return pull_clip(max_norm, taken.gradient, std::move(u));
  }

 private:
  /// The clipped gradient; where none has reached a weight, zeros.
  template <Storage M>
  [[nodiscard]] FastWeights<M> clipped(const FastWeights<M>& like,
                                       const FastWeights<M>& gradient) const {
    FastWeights<M> all = scaled(gradient, clip_scale(max_norm, global_norm(gradient)));
    for (std::size_t n = 0; n < all.size(); ++n) {
      if (is_zero(all[n])) all[n] = filled<M>(like[n].rows(), like[n].cols(), 0);
    }
    return all;
  }
};

static_assert(InnerOptimiser<RuleStep<inner_rule::Muon>>);

}  // namespace ttt
