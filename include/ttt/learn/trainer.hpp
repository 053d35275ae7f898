// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/decimal.hpp>
#include <ttt/learn/adamw.hpp>
#include <ttt/learn/adjoint.hpp>
#include <ttt/learn/gradient.hpp>
#include <ttt/learn/schedule.hpp>
#include <ttt/parallel/threads.hpp>

#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

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

/// What a trainer goes on from: the parameters, and what the optimiser remembers.
template <class Params>
struct TrainingState {
  Params params;                 ///< as trained so far
  AdamW::State<Params> adamw{};  ///< without elements before the first step
};

/// What came of one step.
struct StepReport {
  Index step = 0;       ///< from 0
  double loss = 0;      ///< weighted mean over the batch, before the step, in nats
  double weighted = 0;  ///< what of it comes from the loss weights of targets
  double norm = 0;      ///< of the gradient, before the clip
  double rate = 0;      ///< that the step was taken with
};

/// Outer training: gradients of the sequences of a batch side by side, their weighted mean in a
/// fixed order, and a step of the optimiser.
///
/// \law threads       the number of threads changes no bit
/// \law accumulation  accumulate(a), accumulate(b), update() equals step(a and b), bit for bit
template <class Model, class Objective = PlainLoss<>, Storage M = Matrix<float>>
class Trainer {
 public:
  using Params = typename Model::template Params<M>;  ///< what is trained
  using State = TrainingState<Params>;                ///< what training goes on from

  /// How to train.
  struct Options {
    AdamW adamw{};            ///< takes the steps
    WarmupCosine schedule{};  ///< of their rate
    Objective objective{};    ///< what they descend
    Index threads = 1;        ///< that share the sequences of a batch
  };

  /// A trainer that goes on from `state`; steps count on from those that it has.
  Trainer(State state, Options options) : state_(std::move(state)), options_(std::move(options)) {}

  /// What a later trainer needs to go on from here, if no gradient waits.
  [[nodiscard]] const State& state() const { return state_; }
  /// Steps taken, those before this trainer included.
  [[nodiscard]] Index steps() const { return state_.adamw.steps; }

  /// One step on one batch.
  ///
  /// \throws RangeError if a sequence is not whole chunks, or a weight not positive; NumberError,
  ///         naming step and tensor, if a loss, a gradient, the rate, or what the step would make
  ///         of a parameter is not finite. The state is then untouched.
  StepReport step(std::span<const Text> batch) {
    accumulate(batch);
    return update();
  }
  /// The same for texts of which every token counts alike.
  StepReport step(std::span<const std::vector<Token>> batch) {
    accumulate(batch);
    return update();
  }

  /// Adds a batch's gradients to those that wait for the next update.
  void accumulate(std::span<const std::vector<Token>> batch) {
    std::vector<Text> texts;
    for (const auto& tokens : batch) texts.push_back({.tokens = tokens});
    accumulate(texts);
  }
  /// The same for texts that count differently, or whose tokens do.
  ///
  /// \throws RangeError if a weight is not positive and finite; nothing of the batch then waits.
  void accumulate(std::span<const Text> batch) {
    for (const Text& text : batch) {
      if (!(text.weight > 0) || !std::isfinite(text.weight)) {
        throw RangeError("Trainer.accumulate: weight must be positive, got " +
                         decimal(static_cast<double>(text.weight)));
      }
    }
    std::vector<Gradient<Params>> gradients(batch.size());
    for_each_index(options_.threads, std::ssize(batch), [&](Index i) {
      const auto n = static_cast<std::size_t>(i);
      gradients[n] =
          options_.objective.template gradient<Model, M>(state_.params, batch[n], steps());
    });
    for (std::size_t n = 0; n < batch.size(); ++n) {
      Gradient<Params>& gradient = gradients[n];
      const auto weight = static_cast<double>(batch[n].weight);
      waiting_loss_ += weight * gradient.loss;
      waiting_weighted_ += weight * gradient.weighted;
      if (waiting_ == 0) {
        sum_ = std::move(gradient.params);
        if (weight != 1) {
          for_each_array([&](const Leaf&, M& sum) { sum = scaled(sum, weight); }, sum_);
        }
      } else {
        for_each_array(
            [&](const Leaf&, M& sum, const M& g) {
              if (!is_zero(g)) add_scaled(sum, weight, g);
            },
            sum_, gradient.params);
      }
      waiting_ += weight;
    }
  }

  /// Takes a step along the weighted mean of the gradients that wait.
  ///
  /// \throws RangeError if none waits; NumberError as step. No gradient waits then.
  StepReport update() {
    if (waiting_ == 0) throw RangeError("Trainer.update: no gradient waits");
    const double count = std::exchange(waiting_, 0);
    StepReport report{.step = steps(),
                      .loss = std::exchange(waiting_loss_, 0) / count,
                      .weighted = std::exchange(waiting_weighted_, 0) / count,
                      .norm = 0,
                      .rate = options_.schedule.rate(steps())};
    report.norm = norm_of_mean(count, report.step);
    expect_finite(report.loss, report.step, "loss");
    expect_finite(report.rate, report.step, "rate");
    options_.adamw.step(state_.params, sum_, state_.adamw, report.rate);
    return report;
  }

 private:
  /// Makes the sum of gradients their mean, of which it returns the norm.
  double norm_of_mean(double count, Index step) {
    std::vector<std::string> names;
    std::vector<DotArguments<Scalar<M>>> several;
    for_each_array(
        [&](const Leaf& leaf, M& sum) {
          if (is_zero(sum)) return;
          if (count != 1) sum = scaled(sum, 1 / count);
          names.push_back(leaf.name);
          several.push_back({view(sum), view(sum)});
        },
        sum_);
    double squares = 0;
    const std::vector<double> all = dots<M>(several);
    for (std::size_t n = 0; n < all.size(); ++n) {
      expect_finite(all[n], step, "gradient of " + names[n]);
      squares += all[n];
    }
    return std::sqrt(squares);
  }

  static void expect_finite(double number, Index step, const std::string& what) {
    if (std::isfinite(number)) return;
    throw NumberError("Trainer: step " + std::to_string(step) + ": " + what + " is not finite");
  }

  State state_;
  Options options_;
  Params sum_;
  double waiting_loss_ = 0;
  double waiting_weighted_ = 0;
  double waiting_ = 0;  // the sum of the weights
};

}  // namespace ttt
