// SPDX-License-Identifier: Apache-2.0
#include "laws/recurrences.hpp"

#include <ttt/learn/adjoint.hpp>

#include <doctest/doctest.h>

#include "laws/meta_gradient.hpp"
#include "laws/system.hpp"

namespace {

using namespace ttt;
using laws::LearningDeltaNet;
using laws::SmallDeltaNet;
using laws::SmallMamba2;

TEST_SUITE("model") {
  TEST_CASE("Models of recurrences keep the laws of a model") {
    laws::check_system<SmallMamba2>("mamba2");
    laws::check_system<SmallDeltaNet>("gated_delta_net");
    laws::check_system<LearningDeltaNet>("learning_delta_net");
  }

  TEST_CASE("The meta-gradient goes through a delta rule beside fast weights") {
    laws::check_meta_gradient<LearningDeltaNet>(
        InnerLoop<>{.optimiser = {.rate = 0.1, .max_norm = 1.5}}, 4, 2);
  }

  TEST_CASE("The memory of a model of recurrences does not grow") {
    laws::check_constant_memory<SmallMamba2>();
    laws::check_constant_memory<SmallDeltaNet>();
  }
}

}  // namespace
