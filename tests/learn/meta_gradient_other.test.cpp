// SPDX-License-Identifier: Apache-2.0
#include "laws/meta_gradient.hpp"

namespace {

using namespace ttt;
using Surprised = InnerLoop<InnerSgd, SurprisingTokens>;

TEST_SUITE("learn") {
  TEST_CASE("The meta-gradient is the gradient of the loss under the spec's other choices") {
    laws::check_meta_gradient<laws::Other, Surprised>(
        {.optimiser = {.rate = 0.1, .max_norm = 2}, .loss = {.above = -1e9}}, 3);
  }

  TEST_CASE("The meta-gradient is the gradient of the loss where only surprising tokens teach") {
    laws::check_meta_gradient<laws::Other, Surprised>(
        {.optimiser = {.rate = 0.1, .max_norm = 1, .momentum = 0.5}, .loss = {.above = 2.5}}, 3);
  }
}

}  // namespace
