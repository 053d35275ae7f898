// SPDX-License-Identifier: Apache-2.0
#include "models.hpp"
#include "run.hpp"

/// Trains for reading as the published model was: it has no fast weights beside its layers' states.
template <>
support::Outcome training::train<models::TttLinear125m>(const Settings& settings) {
  expect_sound(settings);
  if (settings.objective != "plain") {
    throw RangeError("--objective must be plain for this model, got " + settings.objective);
  }
  return train<models::TttLinear125m>(settings, PlainLoss<>{});
}
