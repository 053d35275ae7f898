// SPDX-License-Identifier: Apache-2.0
#define DOCTEST_CONFIG_IMPLEMENT
#include <ttt/gpu/matrix.cuh>

#include <doctest/doctest.h>

#include <iostream>
#include <string>

/// Runs the tests, or says why there is no device to run them on.
int main(int argc, char** argv) {
  if (const std::string why = ttt::gpu::unavailable(); !why.empty()) {
    std::cout << "skipped: " << why << '\n';
    return 77;  // what ctest is told to take for skipped
  }
  return doctest::Context(argc, argv).run();
}
