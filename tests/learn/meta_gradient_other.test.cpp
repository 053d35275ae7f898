// SPDX-License-Identifier: Apache-2.0
#include <ttt/memory/rule_step.hpp>

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

  TEST_CASE("The meta-gradient goes through steps of a rule, with the clip and without") {
    using Orthogonal = InnerLoop<RuleStep<inner_rule::Muon>>;
    for (const double most : {0.0, 2.0}) {
      laws::check_meta_gradient<laws::Other, Orthogonal>(
          {.optimiser = {.rule = {.momentum = 0.5}, .max_norm = most}}, most > 0 ? 2 : 0);
    }
  }
}

}  // namespace
