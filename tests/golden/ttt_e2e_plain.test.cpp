// SPDX-License-Identifier: Apache-2.0
#include "golden/ttt_e2e_specs.hpp"

namespace {

using namespace golden;

using Reader = Block<Attend<Window>, SwiGlu>;
using Learner = Block<Attend<Window>, Fast<SwiGlu>, SwiGlu>;

TEST_SUITE("golden") {
  TEST_CASE_TEMPLATE("Ordinary training agrees with the original implementation of TTT-E2E", S,
                     double, float) {
    check_plain<S, base, Repeat<2, Reader>, Repeat<2, Learner>>("read_without_learning", 2);
    check_plain<S, base, Repeat<4, Reader>>("sliding_window", 4);
    check_plain<S, whole, Repeat<4, Reader>>("full_attention", 4);
  }
}

}  // namespace
