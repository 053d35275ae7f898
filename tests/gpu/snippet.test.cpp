// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#define main run_snippet
#include "../../docs/snippets/device.cpp"
#undef main

TEST_SUITE("gpu") {
  TEST_CASE("the program of the documentation runs") { CHECK(run_snippet() == 0); }
}
