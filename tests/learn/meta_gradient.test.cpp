// SPDX-License-Identifier: Apache-2.0
#include "laws/meta_gradient.hpp"

namespace {

using namespace ttt;

TEST_SUITE("learn") {
  TEST_CASE(
      "The meta-gradient is the gradient of the loss where some chunks clip and some do not") {
    laws::check_meta_gradient<laws::Small, InnerLoop<>>({.optimiser = {.rate = 0.1, .max_norm = 0}},
                                                        0);
    laws::check_meta_gradient<laws::Small, InnerLoop<>>({.optimiser = {.rate = 0.1, .max_norm = 5}},
                                                        3);
    laws::check_meta_gradient<laws::Small, InnerLoop<>>(
        {.optimiser = {.rate = 0.1, .max_norm = 0.1}}, 5);
  }

  TEST_CASE("The meta-gradient is the gradient of the loss with momentum") {
    laws::check_meta_gradient<laws::Small, InnerLoop<>>(
        {.optimiser = {.rate = 0.1, .max_norm = 0, .momentum = 0.7}}, 0);
    laws::check_meta_gradient<laws::Small, InnerLoop<>>(
        {.optimiser = {.rate = 0.1, .max_norm = 5, .momentum = 0.7}}, 2);
  }
}

}  // namespace
