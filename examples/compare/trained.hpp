// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/learn/checkpoint.hpp>
#include <ttt/memory/cache_schedule.hpp>
#include <ttt/model/dynamic_evaluation.hpp>
#include <ttt/model/sampler.hpp>
#include <ttt/model/session.hpp>

#include <type_traits>
#include <utility>

#include "families.hpp"
#include "student.hpp"

namespace compare {

/// A session behind the interface of readers.
template <class Model>
class SessionReader final : public Reader {
 public:
  using Options = typename Session<Model>::Options;

  SessionReader(const typename Session<Model>::Params& params, Options options)
      : session_(params, std::move(options)) {}

  std::vector<float> read(std::span<const Token> tokens) override { return session_.read(tokens); }
  std::vector<Token> generate(Index count) override { return session_.generate(count, Greedy{}); }
  [[nodiscard]] Index bytes() const override { return session_.bytes(); }

 private:
  Session<Model> session_;
};

/// What a model is trained to do: to read while it learns, if it has fast weights.
template <class Model>
[[nodiscard]] auto objective_of(const Training& training) {
  const CacheSchedule layers{.keep_penalty = training.keep_penalty};
  if constexpr (Model::traits.learns) {
    const InnerLoop<> inner{
        .optimiser = {.rate = training.inner_rate, .max_norm = training.inner_clip}};
    return MetaLoss<InnerLoop<>, CacheSchedule>{
        .inner = inner, .inner_rate = {.start = 0.1, .steps = training.warmup}, .layers = layers};
  } else {
    return PlainLoss<CacheSchedule>{.layers = layers};
  }
}

/// A model with its trainer, behind the interface of students.
template <class Model>
class Trained final : public Student {
 public:
  using Objective = decltype(objective_of<Model>({}));
  using Place = Checkpoint<typename Model::template Params<Matrix<float>>>;

  Trained(const Training& training, Place place)
      : training_(training),
        random_(place.random),
        trainer_(std::move(place.training), {.adamw = {.weight_decay = training.weight_decay},
                                             .schedule = {.peak = training.rate,
                                                          .end = training.end_rate,
                                                          .warmup = training.warmup,
                                                          .steps = training.steps},
                                             .objective = objective_of<Model>(training)}) {}

  double step(std::span<const Text> batch) override { return trainer_.step(batch).loss; }
  [[nodiscard]] Index steps() const override { return trainer_.steps(); }
  [[nodiscard]] Random& random() override { return random_; }
  void save(const std::filesystem::path& path, const std::string& recipe) const override {
    write_checkpoint<Model, Matrix<float>>(path, {trainer_.state(), random_, recipe});
  }
  [[nodiscard]] std::unique_ptr<Reader> reader(Way way) const override {
    return std::make_unique<SessionReader<Model>>(trainer_.state().params, options(way));
  }

 private:
  [[nodiscard]] typename Session<Model>::Options options(Way way) const {
    InnerSgd optimiser{.rate = training_.inner_rate, .max_norm = training_.inner_clip};
    if (way == Way::dynamic) {
      optimiser.rate = training_.dynamic_rate;
      return dynamic_evaluation<Model>({.fast = {"feed_forward."}, .optimiser = optimiser});
    }
    typename Session<Model>::Options as_trained{.inner = {.optimiser = optimiser}};
    if (way == Way::frozen) as_trained.learning = Learning::off;
    return as_trained;
  }

  Training training_;
  Random random_;
  Trainer<Model, Objective> trainer_;
};

/// See Begin.
template <class Model>
[[nodiscard]] std::unique_ptr<Student> begin_model(const Training& training,
                                                   const std::filesystem::path& checkpoint,
                                                   const std::string& recipe) {
  if (!std::filesystem::exists(checkpoint)) {
    return std::make_unique<Trained<Model>>(
        training,
        typename Trained<Model>::Place{.training = {.params = Model::initial(training.seed)},
                                       .random = Random(training.seed),
                                       .recipe = recipe});
  }
  auto place = read_checkpoint<Model, Matrix<float>>(checkpoint);
  if (place.recipe != recipe) {
    throw RangeError("--out: " + checkpoint.string() + " was made by other settings, " +
                     place.recipe);
  }
  return std::make_unique<Trained<Model>>(training, std::move(place));
}

template <class Family>
std::unique_ptr<Student> begin(const Training& training, const std::filesystem::path& checkpoint,
                               const std::string& recipe) {
  return begin_model<ModelOf<Family>>(training, checkpoint, recipe);
}

}  // namespace compare
