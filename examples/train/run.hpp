// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/learn/checkpoint.hpp>
#include <ttt/memory/cache_schedule.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iostream>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "begin.hpp"
#include "held_out.hpp"
#include "log.hpp"
#include "material.hpp"
#include "settings.hpp"
#include "support/device.hpp"
#include "support/progress.hpp"
#include "support/ranks.hpp"

namespace training {

/// Where a run begins: at new parameters, at those of a model file, or at the checkpoint that it
/// goes on from.
template <class Model, Storage M>
Checkpoint<typename Model::template Params<M>> beginning(const Settings& settings) {
  const std::string path = settings.checkpoint_path();
  if (settings.resume && std::filesystem::exists(path)) {
    auto at = read_checkpoint<Model, M>(path);
    expect_same_recipe(path, at.recipe, settings.recipe());
    return at;
  }
  if (!settings.start.empty()) expect_model_file(settings.start);
  return {.training = {.params = settings.start.empty() ? Model::template initial<M>(settings.seed)
                                                        : read_params<Model, M>(settings.start)},
          .random = Random(settings.seed),
          .recipe = settings.recipe()};
}

/// Throws RangeError on every rank unless all begin at the same place. No rank returns, and then
/// writes, before all have looked at the files that are there.
template <class Params>
void expect_same_beginning(const support::Ranks& ranks, const Checkpoint<Params>& at) {
  const std::array own{static_cast<double>(at.training.adamw.steps),
                       static_cast<double>(at.random.drawn())};
  std::array first = own;
  ranks.broadcast(std::span<double>(first), 0);
  double others = own == first ? 0 : 1;
  ranks.all_reduce_sum(std::span(&others, 1));
  if (others > 0) throw RangeError("--resume: the ranks must all read the same checkpoint");
}

/// A run on one rank or several. Of several, each draws the same batches, and the first alone shows
/// its progress and writes.
template <class Model, Storage M, class Objective>
class Run {
 public:
  using Params = typename Model::template Params<M>;

  Run(const Settings& settings, const Objective& objective, Answers answers, Checkpoint<Params> at,
      const support::Ranks& ranks)
      : settings_(settings),
        ranks_(ranks),
        material_(settings, Model::spec.vocab, answers),
        held_out_(held_out_tokens(settings, Model::spec.vocab),
                  held_out_options<Model, M>(objective), settings.threads),
        random_(at.random),
        first_(at.training.adamw.steps),
        trainer_(std::move(at.training),
                 {.adamw = {.weight_decay = settings.weight_decay, .frozen = settings.freeze},
                  .schedule = {.peak = settings.rate,
                               .end = settings.end_rate,
                               .warmup = settings.warmup,
                               .steps = settings.steps},
                  .objective = objective,
                  .threads = settings.threads,
                  .ranks = ranks}),
        log_(leads() ? settings.log : "", first_),
        progress_({.name = "train", .steps = settings.steps, .first = first_}) {}

  /// Trains until the end, an interrupt, or the loss of a rank, and saves.
  support::Outcome train() {
    try {
      while (goes_on()) step();
    } catch (const CommunicatorError& error) {
      const std::string words = std::string(error.what()) + "; stopped after step " +
                                std::to_string(trainer_.steps()) + "; --resume goes on";
      if (!leads()) let_the_first_save(words);
      save();
      throw CommunicatorError(words);
    }
    if (!leads()) return {};
    save();
    return outcome();
  }

 private:
  [[nodiscard]] bool leads() const { return ranks_.rank() == 0; }

  /// All ranks stop at the same step, whichever was interrupted.
  [[nodiscard]] bool goes_on() const {
    double interrupts = interrupted() ? 1 : 0;
    ranks_.all_reduce_sum(std::span(&interrupts, 1));
    const bool stops =
        settings_.stop_after > 0 && trainer_.steps() - first_ >= settings_.stop_after;
    return trainer_.steps() < settings_.steps && interrupts == 0 && !stops;
  }

  /// Says why this rank stops, and waits for its end: with the first rank that ends, a launcher
  /// ends all, and that has to be the one that saves.
  [[noreturn]] static void let_the_first_save(const std::string& words) {
    std::cerr << "train: " << words << std::endl;
    std::this_thread::sleep_for(std::chrono::seconds(10));
    throw CommunicatorError("the launcher has not ended this rank in 10 s");
  }

  void step() {
    Random random = random_;  // what is saved belongs to whole steps
    for (Index i = 0; i < settings_.accumulate; ++i) {
      const Batch batch = material_.draw(random);
      trainer_.accumulate(batch.texts);
      for (const Text& text : batch.texts) tokens_ += text.time();
    }
    const StepReport last = trainer_.update();
    random_ = random;
    loss_ = last.step == first_ ? last.loss : 0.98 * loss_ + 0.02 * last.loss;
    if (!leads()) return;
    const bool measured = held_out_is_due();
    if (measured) measure_held_out();
    log_.write(last, measured ? std::optional(held_out_loss()) : std::nullopt, watch_.seconds());
    progress_.show(
        {.step = trainer_.steps(), .tokens = tokens_, .loss = loss_, .held_out = held_out_loss()});
    if (trainer_.steps() % settings_.checkpoint_every == 0) save();
  }

  /// Every so many steps, and behind the last.
  [[nodiscard]] bool held_out_is_due() const {
    if (!settings_.validates()) return false;
    const Index every = settings_.validate_every;
    return trainer_.steps() == settings_.steps || (every > 0 && trainer_.steps() % every == 0);
  }

  void measure_held_out() {
    const support::Stopwatch watch;
    held_out_losses_.emplace_back(trainer_.steps(), held_out_.loss(trainer_.state().params));
    held_out_seconds_ += watch.seconds();
  }

  /// The last one that this run measured; NaN before.
  [[nodiscard]] double held_out_loss() const {
    return held_out_losses_.empty() ? std::numeric_limits<double>::quiet_NaN()
                                    : held_out_losses_.back().second;
  }

  [[nodiscard]] std::vector<support::Report> held_out_report() const {
    std::vector<support::Report> rows(held_out_losses_.size());
    for (std::size_t n = 0; n < rows.size(); ++n) {
      rows[n].set("step", held_out_losses_[n].first).set("held_out", held_out_losses_[n].second);
    }
    return rows;
  }

  void save() const {
    write_checkpoint<Model, M>(settings_.checkpoint_path(),
                               {trainer_.state(), random_, settings_.recipe()});
  }

  /// What the run reports, and the model file, if it is complete.
  [[nodiscard]] support::Outcome outcome() {
    const bool complete = trainer_.steps() >= settings_.steps;
    if (held_out_is_due() && held_out_losses_.empty()) measure_held_out();
    support::Outcome::Files files;
    if (complete) {
      file::Archive model = params_archive<Model, M>(trainer_.state().params);
      model.metadata["recipe"] = settings_.recipe();
      files.emplace_back(
          [out = settings_.out, model = std::move(model)] { file::write(out, model); });
    } else {
      std::cerr << "train: stopped after step " << trainer_.steps() << "; --resume goes on\n";
    }
    support::Report report;
    report.set("model", settings_.model)
        .set("spec", describe(Model::spec))
        .set("recipe", settings_.recipe())
        .set("steps", trainer_.steps())
        .set("complete", complete)
        .set("loss", loss_)
        .set("tokens_per_second",
             static_cast<double>(tokens_) / (watch_.seconds() - held_out_seconds_))
        .set("seconds", watch_.seconds())
        .set("ranks", ranks_.size())
        .set("device", settings_.device)
        .set("machine", support::this_machine().report());
    if (settings_.validates()) {
      report.set("held_out", held_out_loss()).set("held_out_by_step", held_out_report());
    }
    return {std::move(report), std::move(files)};
  }

  const Settings& settings_;
  support::Ranks ranks_;
  Material material_;
  HeldOut<Model, M> held_out_;
  Random random_;
  Index first_;
  Trainer<Model, Objective, M, support::Ranks> trainer_;
  Log log_;
  support::Progress progress_;
  support::Stopwatch watch_;
  Index tokens_ = 0;
  std::vector<std::pair<Index, double>> held_out_losses_;   // of this run, behind steps
  double held_out_seconds_ = 0;                             // that they took
  double loss_ = std::numeric_limits<double>::quiet_NaN();  // smooth; not before a step is taken
};

template <class Model, Storage M, class Objective>
support::Outcome train_on_device(const Settings& settings, Objective objective, Answers answers) {
  auto at = beginning<Model, M>(settings);
  const support::Ranks ranks = support::join(interrupted);
  expect_same_beginning(ranks, at);
  if (ranks.rank() == 0 && at.training.adamw.steps > 0) {
    std::cerr << "train: goes on from step " << at.training.adamw.steps << std::endl;
  }
  return Run<Model, M, Objective>(settings, objective, answers, std::move(at), ranks).train();
}

template <class Model, class Objective>
support::Outcome train(const Settings& settings, Objective objective,
                       Answers answers = Answers::drawn) {
  return support::with_device(settings.device, [&]<Storage M>() {
    return train_on_device<Model, M>(settings, objective, answers);
  });
}

/// Throws RangeError unless the settings can be used, together and beside the files that are there.
inline void expect_sound(const Settings& s) {
  if (s.batch + s.recall_texts() == 0) {
    throw RangeError("--batch, --echoes, --associations and --needles must not all be 0");
  }
  if (s.validates() && s.validate.empty() && !s.text.empty()) {
    throw RangeError("--validate must name held-out texts where --text names those to train on");
  }
  expect_no_overwriting(s);
}

template <class Model>
support::Outcome train(const Settings& settings) {
  expect_sound(settings);
  const CacheSchedule caches{.keep_penalty = settings.keep_penalty,
                             .peak_penalty = settings.peak_penalty,
                             .slots = settings.slots,
                             .capacity_penalty = settings.capacity_penalty};
  if (settings.objective == "plain")
    return train<Model>(settings, PlainLoss<CacheSchedule>{.layers = caches});
  if constexpr (Model::traits.learns) {
    if (settings.objective == "meta" || settings.objective == "first_order") {
      const InnerLoop<> inner{.optimiser = {.rate = settings.inner_rate,
                                            .max_norm = settings.inner_clip,
                                            .momentum = settings.inner_momentum}};
      return train<Model>(settings,
                          MetaLoss<InnerLoop<>, CacheSchedule>{
                              .inner = inner,
                              .inner_rate = {.start = 0.1, .steps = settings.inner_warmup},
                              .order = settings.objective == "meta" ? Order::second : Order::first,
                              .layers = caches});
    }
  }
  throw RangeError("--objective must be " +
                   std::string(Model::traits.learns ? "meta, first_order or plain" : "plain") +
                   " for this model, got " + settings.objective);
}

}  // namespace training
