// SPDX-License-Identifier: Apache-2.0
#include "laws/layer.hpp"

#include <ttt/layer/short_conv.hpp>

namespace {

using namespace ttt;
using laws::other;
using laws::small;

TEST_SUITE("layer") {
  TEST_CASE("SwiGlu is causal, streams and has its gradient") {
    laws::check_layer<SwiGlu, small>();
  }

  TEST_CASE("ShortConv is causal, streams and has its gradient") {
    laws::check_layer<ShortConv<1>, small>();
    laws::check_layer<ShortConv<4>, small>();
    laws::check_layer<ShortConv<4>, other>();
  }

  TEST_CASE("Attend to a window is causal, streams and has its gradient") {
    laws::check_layer<Attend<Window>, small>();
    laws::check_layer<Attend<Window>, other>();
  }
}

}  // namespace
