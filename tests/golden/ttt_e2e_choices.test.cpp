// SPDX-License-Identifier: Apache-2.0
#include "golden/ttt_e2e_specs.hpp"

namespace {

TEST_SUITE("golden") {
  TEST_CASE("Meta-learning agrees with the original implementation of TTT-E2E under every choice") {
    golden::check_other_choices<double>();
  }
}

}  // namespace
