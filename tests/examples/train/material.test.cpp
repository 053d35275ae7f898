// SPDX-License-Identifier: Apache-2.0
#include "train/material.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace {

using training::Answers;
using training::weights_of;

TEST_SUITE("examples/train") {
  TEST_CASE("answers count as they were drawn, alike, or not at all") {
    const std::vector<float> drawn{0, 0.5F, 0.125F, 0, 0.25F, 0.125F};
    CHECK(weights_of(drawn, Answers::drawn) == drawn);
    CHECK(weights_of(drawn, Answers::alike) ==
          std::vector<float>{0, 0.25F, 0.25F, 0, 0.25F, 0.25F});
    CHECK(weights_of(drawn, Answers::unweighted).empty());
    CHECK(weights_of({0, 0}, Answers::alike) == std::vector<float>{0, 0});
  }
}

}  // namespace
