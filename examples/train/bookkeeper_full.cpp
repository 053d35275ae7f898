// SPDX-License-Identifier: Apache-2.0
#include "models.hpp"
#include "run.hpp"

/// Trains for reading alone: the control does not learn while it reads.
template <>
support::Outcome training::train<models::BookkeeperFull>(const Settings& settings) {
  expect_sound(settings);
  if (settings.objective != "plain") {
    throw RangeError("--objective must be plain for this model, got " + settings.objective);
  }
  return train<models::BookkeeperFull>(settings, PlainLoss<>{});
}
