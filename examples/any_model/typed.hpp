// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/model/dynamic_evaluation.hpp>
#include <ttt/model/params_file.hpp>
#include <ttt/model/session.hpp>

#include <memory>
#include <utility>

#include "found.hpp"
#include "models.hpp"
#include "support/device.hpp"

namespace models {

template <class Model, Storage M>
class TypedSession final : public AnySession {
 public:
  explicit TypedSession(Session<Model, M> session) : session_(std::move(session)) {}

  std::vector<float> read(std::span<const Token> tokens) override { return session_.read(tokens); }
  [[nodiscard]] std::vector<double> logits() const override { return numbers(session_.logits()); }
  [[nodiscard]] Index bytes() const override { return session_.bytes(); }

 private:
  Session<Model, M> session_;
};

template <class Model, Storage M>
class TypedModel final : public AnyModel {
 public:
  using Params = typename Model::template Params<M>;
  using Options = typename Session<Model, M>::Options;

  TypedModel(Facts facts, Params params, Options options)
      : AnyModel(std::move(facts)),
        params_(std::make_shared<const Params>(std::move(params))),
        options_(std::move(options)) {}

  [[nodiscard]] std::unique_ptr<AnySession> session() const override {
    return std::make_unique<TypedSession<Model, M>>(Session<Model, M>(params_, options_));
  }

 private:
  std::shared_ptr<const Params> params_;
  Options options_;
};

/// How a model is to learn while it reads; notes it among the facts.
template <class Model, Storage M>
typename Session<Model, M>::Options options_of(const Found& found, Facts& facts) {
  const Choice& choice = found.choice;
  if (choice.dynamic) {
    DynamicEvaluation how{.fast = choice.fast};
    if (choice.rate > 0) how.optimiser.rate = choice.rate;
    facts.learning = "dynamic evaluation";
    facts.rate = how.optimiser.rate;
    return dynamic_evaluation<Model, M>(how);
  }
  const double unless_frozen = choice.rate > 0 ? choice.rate : found.rate;
  facts.rate = choice.frozen ? 0 : unless_frozen;
  facts.learning = facts.rate > 0 ? "fast weights" : "none";
  if (facts.rate == 0) return {.learning = Learning::off};
  if constexpr (Model::traits.learns) {
    return {.inner = {.optimiser = {.rate = facts.rate}}};
  } else {
    throw RangeError("--rate: " + facts.name +
                     " has no fast weights; --dynamic makes some of its parameters fast");
  }
}

template <class Model>
std::unique_ptr<AnyModel> typed(const Found& found) {
  return support::with_device(found.choice.device, [&]<Storage M>() -> std::unique_ptr<AnyModel> {
    Facts facts = found.facts;
    auto options = options_of<Model, M>(found, facts);
    return std::make_unique<TypedModel<Model, M>>(
        std::move(facts), params_from<Model, M>(found.archive), std::move(options));
  });
}

}  // namespace models
