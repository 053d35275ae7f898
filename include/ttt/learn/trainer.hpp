// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/decimal.hpp>
#include <ttt/learn/adamw.hpp>
#include <ttt/learn/exchange.hpp>
#include <ttt/learn/objective.hpp>
#include <ttt/learn/schedule.hpp>
#include <ttt/parallel/communicator.hpp>
#include <ttt/parallel/threads.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace ttt {

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
  double norm = 0;      ///< of the gradient of what is not frozen, before the clip
  double rate = 0;      ///< that the step was taken with
};

/// Outer training: gradients of the sequences of a batch side by side, their weighted mean in a
/// fixed order, and a step of the optimiser.
///
/// Where there are several ranks, each has a trainer of the same state and options. All are given
/// the same batches, and each takes the gradients of its part. The sum of the gradients goes along
/// the ranks, array by array, each adds its own, and the last gives it to all.
///
/// \law threads       the number of threads changes no bit
/// \law accumulation  accumulate(a), accumulate(b), update() equals step(a and b), bit for bit
/// \law ranks         on every rank of any number, each call gives the bits of one process, or
///                    throws and leaves the state untouched
template <class Model, class Objective = PlainLoss<>, Storage M = Matrix<float>,
          Communicator Ranks = OneProcess>
class Trainer {
 public:
  using Params = typename Model::template Params<M>;  ///< what is trained
  using State = TrainingState<Params>;                ///< what training goes on from

  /// How to train.
  struct Options {
    AdamW adamw{};            ///< takes the steps
    WarmupCosine schedule{};  ///< of their rate
    Objective objective{};    ///< what they descend
    Index threads = 1;        ///< that share the sequences of a batch, or of a rank's part of it
    Ranks ranks{};            ///< that share the batches
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
  ///         of a parameter is not finite; CommunicatorError as accumulate. The state is then
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
  ///         CommunicatorError if another rank fails, likewise, or is lost; nothing at all then
  ///         waits.
  void accumulate(std::span<const Text> batch) {
    for (const Text& text : batch) {
      if (!(text.weight > 0) || !std::isfinite(text.weight)) {
        throw RangeError("Trainer.accumulate: weight must be positive, got " +
                         decimal(static_cast<double>(text.weight)));
      }
    }
    if (batch.empty()) return;
    const auto own = part_of(options_.ranks, batch);
    std::vector<Gradient<Params>> gradients = gradients_of(own);
    Waiting sum = std::exchange(waiting_, {});
    add_losses(sum, own, gradients);
    add_arrays(sum, own, gradients);
    for (const Text& text : batch) sum.weight += static_cast<double>(text.weight);
    options_.ranks.barrier();  // all have the sum, or none goes on with it
    waiting_ = std::move(sum);
  }

  /// Takes a step along the weighted mean of the gradients that wait.
  ///
  /// \throws RangeError if none waits; NumberError as step. No gradient waits then.
  StepReport update() {
    if (waiting_.weight == 0) throw RangeError("Trainer.update: no gradient waits");
    Waiting mean = std::exchange(waiting_, {});
    const double count = mean.weight;
    StepReport report{.step = steps(),
                      .loss = mean.loss / count,
                      .weighted = mean.weighted / count,
                      .norm = 0,
                      .rate = options_.schedule.rate(steps())};
    make_mean(mean.gradient, count, report.step);
    expect_finite(report.loss, report.step, "loss");
    expect_finite(report.rate, report.step, "rate");
    report.norm = options_.adamw.step(state_.params, mean.gradient, state_.adamw, report.rate);
    return report;
  }

 private:
  /// Makes a sum of gradients their mean.
  ///
  /// \throws NumberError, naming step and tensor, if it is not finite.
  static void make_mean(Params& gradient, double count, Index step) {
    std::vector<std::string> names;
    std::vector<DotArguments<Scalar<M>>> several;
    for_each_array(
        [&](const Leaf& leaf, M& sum) {
          if (is_zero(sum)) return;
          if (count != 1) sum = scaled(sum, 1 / count);
          names.push_back(leaf.name);
          several.push_back({view(sum), view(sum)});
        },
        gradient);
    const std::vector<double> squares = dots<M>(several);
    for (std::size_t n = 0; n < squares.size(); ++n) {
      expect_finite(squares[n], step, "gradient of " + names[n]);
    }
  }

  /// Sums over the texts that wait for an update, each times its weight.
  struct Waiting {
    Params gradient;
    double loss = 0;
    double weighted = 0;
    double weight = 0;
  };

  /// The gradients of this rank's texts, if no rank fails to take its own.
  [[nodiscard]] std::vector<Gradient<Params>> gradients_of(std::span<const Text> own) const {
    std::vector<Gradient<Params>> gradients(own.size());
    std::exception_ptr failure;
    try {
      for_each_index(options_.threads, std::ssize(own), [&](Index i) {
        at(gradients, i) =
            options_.objective.template gradient<Model, M>(state_.params, at(own, i), steps());
      });
    } catch (...) {
      failure = std::current_exception();
    }
    double failures = failure ? 1 : 0;
    options_.ranks.all_reduce_sum(std::span(&failures, 1));
    if (failure) std::rethrow_exception(failure);
    if (failures > 0) throw CommunicatorError("Trainer.accumulate: another rank has failed");
    return gradients;
  }

  void add_losses(Waiting& sum, std::span<const Text> own,
                  const std::vector<Gradient<Params>>& gradients) const {
    const Ranks& ranks = options_.ranks;
    const Index last = ranks.size() - 1;
    std::array losses{sum.loss, sum.weighted};
    if (ranks.rank() > 0) ranks.receive(std::span<double>(losses), ranks.rank() - 1);
    for (std::size_t n = 0; n < own.size(); ++n) {
      const auto weight = static_cast<double>(own[n].weight);
      losses[0] += weight * gradients[n].loss;
      losses[1] += weight * gradients[n].weighted;
    }
    if (ranks.rank() < last) ranks.send(std::span<const double>(losses), ranks.rank() + 1);
    ranks.broadcast(std::span<double>(losses), last);
    sum.loss = losses[0];
    sum.weighted = losses[1];
  }

  /// Array by array, so that the ranks add to different arrays at the same time.
  void add_arrays(Waiting& sum, std::span<const Text> own,
                  std::vector<Gradient<Params>>& gradients) const {
    const Ranks& ranks = options_.ranks;
    const Index last = ranks.size() - 1;
    const auto sums = parts_of(sum.gradient).arrays;
    const auto params = parts_of(state_.params).arrays;
    std::vector<std::vector<NamedArray<M>>> terms;
    for (auto& gradient : gradients) {
      detail::fill_zeros(gradient.params, state_.params);
      terms.push_back(parts_of(gradient.params).arrays);
    }
    for (std::size_t k = 0; k < sums.size(); ++k) {
      M& array = *sums[k].array;
      const M& param = *params[k].array;
      if (is_zero(param)) continue;
      if (ranks.rank() > 0) {
        array = receive_array<M>(ranks, param.rows(), param.cols(), ranks.rank() - 1);
      }
      for (std::size_t n = 0; n < terms.size(); ++n) {
        const bool first = ranks.rank() == 0 && n == 0 && sum.weight == 0;
        add_term(array, *terms[n][k].array, static_cast<double>(own[n].weight), first);
      }
      if (ranks.rank() < last) send_array(ranks, array, ranks.rank() + 1);
    }
    for (std::size_t k = 0; last > 0 && k < sums.size(); ++k) {
      const M& param = *params[k].array;
      if (is_zero(param)) continue;
      broadcast_array(ranks, *sums[k].array, param.rows(), param.cols(), last);
    }
  }

  /// sum += weight * term, where the first of all terms begins the sum.
  static void add_term(M& sum, M& term, double weight, bool first) {
    if (first) {
      sum = std::move(term);
      if (weight != 1) sum = scaled(sum, weight);
    } else if (!is_zero(term)) {
      add_scaled(sum, weight, term);
    }
  }

  static void expect_finite(double number, Index step, const std::string& what) {
    if (std::isfinite(number)) return;
    throw NumberError("Trainer: step " + std::to_string(step) + ": " + what + " is not finite");
  }

  State state_;
  Options options_;
  Waiting waiting_;
};

}  // namespace ttt
