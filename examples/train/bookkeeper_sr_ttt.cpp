// SPDX-License-Identifier: Apache-2.0
#include <ttt/layer/sr_ttt.hpp>

#include <string>

#include "models.hpp"
#include "run.hpp"

namespace {

/// Trains in one of the two stages that the published model has.
template <ttt::InnerSteps Steps>
support::Outcome train_staged(const training::Settings& settings) {
  training::expect_sound(settings);
  const bool recalls = settings.objective == "recall";
  if (!recalls && settings.objective != "backbone") {
    throw ttt::RangeError("--objective must be backbone or recall for this model, got " +
                          settings.objective);
  }
  const auto stage = recalls ? ttt::SrTttStage::recall : ttt::SrTttStage::backbone;
  training::Settings staged = settings;
  for (const std::string& name : ttt::frozen_in(stage, Steps)) staged.freeze.push_back(name);
  return training::train<models::BookkeeperSrTttWith<Steps>>(
      staged, ttt::PlainLoss<ttt::SrTttSchedule>{.layers = {.stage = stage}},
      recalls ? training::Answers::alike : training::Answers::unweighted);
}

}  // namespace

template <>
support::Outcome training::train<models::BookkeeperSrTtt>(const Settings& settings) {
  return train_staged<ttt::InnerSteps::detached>(settings);
}

template <>
support::Outcome training::train<models::BookkeeperSrTttGradFull>(const Settings& settings) {
  return train_staged<ttt::InnerSteps::differentiated>(settings);
}
