// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/learn/adamw.hpp>
#include <ttt/learn/adjoint.hpp>
#include <ttt/learn/gradient.hpp>
#include <ttt/learn/schedule.hpp>
#include <ttt/parallel/threads.hpp>
#include <ttt/random.hpp>

#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace ttt {

/// How caches are trained, step by step.
struct CacheSchedule {
  double keep_penalty = 0;   ///< as CacheTraining
  double peak_penalty = 0;   ///< as CacheTraining
  std::vector<Index> slots;  ///< one of these is drawn anew for each step; all slots if empty

  /// What holds in an outer step: the same whenever it is asked.
  [[nodiscard]] CacheTraining at(Index step) const {
    CacheTraining now{.keep_penalty = keep_penalty, .peak_penalty = peak_penalty};
    if (!slots.empty()) {
      Random random(0x510754, static_cast<std::uint64_t>(step));
      now.slots = slots[static_cast<std::size_t>(random.below(std::ssize(slots)))];
    }
    return now;
  }
};

/// Trains a model for reading as it is.
struct PlainLoss {
  CacheSchedule caches{};  ///< of a model that has any

  /// As plain_gradient, in every step.
  template <class Model, class S>
  [[nodiscard]] auto gradient(const typename Model::template Params<Matrix<S>>& params,
                              const Text& text, Index step) const {
    return plain_gradient<Model, S>(params, text, caches.at(step));
  }
};

/// Trains a model for reading while it learns.
template <class Inner = InnerLoop<>>
struct MetaLoss {
  Inner inner{};                 ///< as the trained model will read
  LinearRise inner_rate{};       ///< over the outer steps
  Order order = Order::second;   ///< of the gradient
  Replay replay = Replay::kept;  ///< memory for speed
  CacheSchedule caches{};        ///< of a model that has any

  /// As MetaLearner::gradient, with the inner rate of this outer step.
  template <class Model, class S>
  [[nodiscard]] auto gradient(const typename Model::template Params<Matrix<S>>& params,
                              const Text& text, Index step) const {
    Inner now = inner;
    now.optimiser.rate *= inner_rate.factor(step);
    return MetaLearner<Model, S, Inner>(now, order, replay, caches.at(step)).gradient(params, text);
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
  Index step = 0;         ///< from 0
  double loss = 0;        ///< weighted mean over the batch, before the step, in nats
  double emphasised = 0;  ///< what of it comes from the emphasis of targets
  double norm = 0;        ///< of the gradient, before the clip
  double rate = 0;        ///< that the step was taken with
};

/// Outer training: gradients of the sequences of a batch side by side, their weighted mean in a
/// fixed order, and a step of the optimiser.
///
/// \law threads       the number of threads changes no bit
/// \law accumulation  accumulate(a), accumulate(b), update() equals step(a and b), bit for bit
template <class Model, class Objective = PlainLoss, class S = float>
class Trainer {
 public:
  using Params = typename Model::template Params<Matrix<S>>;  ///< what is trained
  using State = TrainingState<Params>;                        ///< what training goes on from

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
  ///         naming step and tensor, if a loss or a gradient is not finite. The state is then
  ///         untouched.
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
                         std::to_string(text.weight));
      }
    }
    std::vector<Gradient<Params>> gradients(batch.size());
    for_each_index(options_.threads, std::ssize(batch), [&](Index i) {
      const auto n = static_cast<std::size_t>(i);
      gradients[n] =
          options_.objective.template gradient<Model, S>(state_.params, batch[n], steps());
    });
    for (std::size_t n = 0; n < batch.size(); ++n) {
      Gradient<Params>& gradient = gradients[n];
      const auto weight = static_cast<double>(batch[n].weight);
      waiting_loss_ += weight * gradient.loss;
      waiting_emphasised_ += weight * gradient.emphasised;
      if (waiting_ == 0) {
        sum_ = std::move(gradient.params);
        for_each_array([&](const Leaf&, Matrix<S>& sum) { sum *= static_cast<S>(weight); }, sum_);
      } else {
        for_each_array([&](const Leaf&, Matrix<S>& sum,
                           const Matrix<S>& g) { sum += static_cast<S>(weight) * g; },
                       sum_, gradient.params);
      }
      waiting_ += weight;
    }
  }

  /// Takes a step along the weighted mean of the gradients that wait.
  ///
  /// \throws RangeError if none waits.
  StepReport update() {
    if (waiting_ == 0) throw RangeError("Trainer.update: no gradient waits");
    const double count = std::exchange(waiting_, 0);
    StepReport report{.step = steps(),
                      .loss = std::exchange(waiting_loss_, 0) / count,
                      .emphasised = std::exchange(waiting_emphasised_, 0) / count,
                      .norm = 0,
                      .rate = options_.schedule.rate(steps())};
    double squares = 0;
    for_each_array(
        [&](const Leaf& leaf, Matrix<S>& sum) {
          sum /= static_cast<S>(count);
          const double square = sum_of_squares(sum);
          expect_finite(square, report.step, "gradient of " + leaf.name);
          squares += square;
        },
        sum_);
    report.norm = std::sqrt(squares);
    expect_finite(report.loss, report.step, "loss");
    options_.adamw.step(state_.params, sum_, state_.adamw, report.rate);
    return report;
  }

 private:
  static void expect_finite(double number, Index step, const std::string& what) {
    if (std::isfinite(number)) return;
    throw NumberError("Trainer: step " + std::to_string(step) + ": " + what + " is not finite");
  }

  State state_;
  Options options_;
  Params sum_;
  double waiting_loss_ = 0;
  double waiting_emphasised_ = 0;
  double waiting_ = 0;  // the sum of the weights
};

}  // namespace ttt
