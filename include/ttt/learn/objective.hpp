// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/learn/adjoint.hpp>
#include <ttt/learn/gradient.hpp>
#include <ttt/learn/schedule.hpp>

namespace ttt {

/// Run-time options of the layers in training: the defaults.
struct DefaultOptions {
  /// The options in an outer step on a text.
  template <class Model>
  [[nodiscard]] typename Model::Options at(Index /*step*/, const Text& /*text*/) const {
    return {};
  }
};

/// Trains a model for reading as it is.
template <class Layers = DefaultOptions>
struct PlainLoss {
  Layers layers{};  ///< options of the layers, step by step

  /// As plain_gradient, in every step.
  template <class Model, Storage M>
  [[nodiscard]] auto gradient(const typename Model::template Params<M>& params, const Text& text,
                              Index step) const {
    return plain_gradient<Model, M>(params, text, layers.template at<Model>(step, text));
  }
};

/// Trains a model for reading while it learns.
template <class Inner = InnerLoop<>, class Layers = DefaultOptions>
struct MetaLoss {
  Inner inner{};                                        ///< as the trained model will read
  LinearRise inner_rate{};                              ///< over the outer steps
  Order order = Order::second;                          ///< of the gradient
  Checkpointing checkpointing = Checkpointing::stored;  ///< memory for speed
  Layers layers{};                                      ///< options of the layers, step by step

  /// As MetaLearner::gradient, with the inner rate of this outer step.
  template <class Model, Storage M>
  [[nodiscard]] auto gradient(const typename Model::template Params<M>& params, const Text& text,
                              Index step) const {
    Inner now = inner;
    now.optimiser.rate *= inner_rate.factor(step);
    return MetaLearner<Model, M, Inner>({.inner = now,
                                         .order = order,
                                         .checkpointing = checkpointing,
                                         .layers = layers.template at<Model>(step, text)})
        .gradient(params, text);
  }
};

}  // namespace ttt
