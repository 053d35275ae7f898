// SPDX-License-Identifier: Apache-2.0
#include "laws/recurrences.hpp"

#include "laws/layer.hpp"

namespace {

using namespace ttt;
using laws::other;
using laws::small;
using M = Matrix<double>;

TEST_SUITE("layer") {
  TEST_CASE("Mamba2 is causal, streams and has its gradient") {
    laws::check_layer<With<laws::grouped_mamba2>, small>();
    laws::check_layer<With<Mamba2{.state = 5, .chunk = 4}>, other>();
  }

  TEST_CASE("GatedDeltaNet is causal, streams and has its gradient") {
    laws::check_layer<With<laws::grouped_delta_net>, small>();
    laws::check_layer<With<GatedDeltaNet{.chunk = 4}>, other>();
  }
}

}  // namespace
