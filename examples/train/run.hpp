// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/learn/checkpoint.hpp>
#include <ttt/memory/cache_schedule.hpp>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <locale>
#include <span>
#include <string>
#include <utility>

#include "begin.hpp"
#include "material.hpp"
#include "settings.hpp"
#include "support/progress.hpp"

namespace training {

/// One line of JSON a step, in a file that a resumed run goes on with.
class Log {
 public:
  /// Keeps the first `steps` lines of what is there.
  Log(const std::string& path, Index steps) {
    if (path.empty()) return;
    std::string kept;
    std::string line;
    std::ifstream before(path);
    for (Index i = 0; i < steps && std::getline(before, line); ++i) kept += line + '\n';
    file::write_atomically(path, std::as_bytes(std::span(kept)));
    out_.imbue(std::locale::classic());
    out_.open(path, std::ios::app);
    if (!out_) throw FileError("Log: cannot write " + path);
  }

  void write(const StepReport& step, double seconds) {
    if (!out_.is_open()) return;
    out_ << "{\"step\": " << step.step << ", \"loss\": " << step.loss;
    if (step.weighted > 0) out_ << ", \"weighted\": " << step.weighted;
    out_ << ", \"norm\": " << step.norm << ", \"rate\": " << step.rate
         << ", \"seconds\": " << seconds << "}\n"
         << std::flush;
    if (!out_) throw FileError("Log: the disk took no more");
  }

 private:
  std::ofstream out_;
};

/// Where a run begins: at new parameters, at those of a model file, or at the checkpoint that it
/// goes on from.
template <class Model>
Checkpoint<typename Model::template Params<Matrix<float>>> beginning(const Settings& settings) {
  const std::string path = settings.checkpoint_path();
  if (settings.resume && std::filesystem::exists(path)) {
    auto at = read_checkpoint<Model, Matrix<float>>(path);
    expect_same_recipe(path, at.recipe, settings.recipe());
    std::cerr << "train: goes on from step " << at.training.adamw.steps << std::endl;
    return at;
  }
  if (!settings.start.empty()) expect_model_file(settings.start);
  return {.training = {.params = settings.start.empty() ? Model::initial(settings.seed)
                                                        : read_params<Model>(settings.start)},
          .random = Random(settings.seed),
          .recipe = settings.recipe()};
}

/// How far a run came.
struct Progressed {
  Index steps;
  double loss;
  Index tokens;
  double seconds;
};

/// What a run reports, and the model file, if it is complete.
template <class Model, class Params>
support::Outcome outcome_of(const Settings& settings, const Params& params, const Progressed& run) {
  const bool complete = run.steps >= settings.steps;
  support::Outcome::Files files;
  if (complete) {
    file::Archive model = params_archive<Model, Matrix<float>>(params);
    model.metadata["recipe"] = settings.recipe();
    files.emplace_back([out = settings.out, model = std::move(model)] { file::write(out, model); });
  } else {
    std::cerr << "train: stopped after step " << run.steps << "; --resume goes on\n";
  }
  support::Report report;
  report.set("model", settings.model)
      .set("spec", describe(Model::spec))
      .set("recipe", settings.recipe())
      .set("steps", run.steps)
      .set("complete", complete)
      .set("loss", run.loss)
      .set("tokens_per_second", static_cast<double>(run.tokens) / run.seconds)
      .set("seconds", run.seconds)
      .set("machine", support::this_machine().report());
  return {std::move(report), std::move(files)};
}

template <class Model, class Objective>
support::Outcome train(const Settings& settings, Objective objective,
                       Answers answers = Answers::drawn) {
  auto at = beginning<Model>(settings);
  const Material material(settings, Model::spec.vocab, answers);
  Random random = at.random;
  const Index first = at.training.adamw.steps;
  Trainer<Model, Objective> trainer(
      std::move(at.training),
      {.adamw = {.weight_decay = settings.weight_decay, .frozen = settings.freeze},
       .schedule = {.peak = settings.rate,
                    .end = settings.end_rate,
                    .warmup = settings.warmup,
                    .steps = settings.steps},
       .objective = objective,
       .threads = settings.threads});
  const auto save = [&] {
    write_checkpoint<Model, Matrix<float>>(settings.checkpoint_path(),
                                           {trainer.state(), random, settings.recipe()});
  };

  Log log(settings.log, first);
  support::Progress progress({.name = "train", .steps = settings.steps, .first = first});
  const support::Stopwatch watch;
  Index tokens = 0;
  StepReport last;
  double smooth = std::numeric_limits<double>::quiet_NaN();  // until a step is taken
  const auto goes_on = [&] {
    const bool stops = settings.stop_after > 0 && trainer.steps() - first >= settings.stop_after;
    return trainer.steps() < settings.steps && !interrupted() && !stops;
  };
  while (goes_on()) {
    for (Index i = 0; i < settings.accumulate; ++i) {
      const Batch batch = material.draw(random);
      trainer.accumulate(batch.texts);
      for (const Text& text : batch.texts) tokens += text.time();
    }
    last = trainer.update();
    smooth = last.step == first ? last.loss : 0.98 * smooth + 0.02 * last.loss;
    log.write(last, watch.seconds());
    progress.show({.step = trainer.steps(), .tokens = tokens, .loss = smooth});
    if (trainer.steps() % settings.checkpoint_every == 0) save();
  }
  save();
  return outcome_of<Model>(settings, trainer.state().params,
                           {trainer.steps(), smooth, tokens, watch.seconds()});
}

/// Throws RangeError unless the settings can be used, together and beside the files that are there.
inline void expect_sound(const Settings& s) {
  if (s.batch + s.recall_texts() == 0) {
    throw RangeError("--batch, --echoes, --associations and --needles must not all be 0");
  }
  expect_no_overwriting(s);
}

template <class Model>
support::Outcome train(const Settings& settings) {
  expect_sound(settings);
  const CacheSchedule caches{.keep_penalty = settings.keep_penalty,
                             .peak_penalty = settings.peak_penalty,
                             .slots = settings.slots};
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
