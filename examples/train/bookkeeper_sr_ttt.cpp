// SPDX-License-Identifier: Apache-2.0
#include <ttt/learn/sr_ttt.hpp>

#include <string>

#include "models.hpp"
#include "run.hpp"

/// Trains in one of the two stages that the published model has.
template <>
support::Report training::train<models::BookkeeperSrTtt>(const Settings& settings) {
  expect_sound(settings);
  const bool recalls = settings.objective == "recall";
  if (!recalls && settings.objective != "backbone") {
    throw RangeError("--objective must be backbone or recall for this model, got " +
                     settings.objective);
  }
  const SrTttStage stage = recalls ? SrTttStage::recall : SrTttStage::backbone;
  Settings staged = settings;
  for (const std::string& name : frozen_in(stage)) staged.freeze.push_back(name);
  return train<models::BookkeeperSrTtt>(staged, SrTttLoss{.stage = stage});
}
