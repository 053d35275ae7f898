// SPDX-License-Identifier: Apache-2.0
#include "laws/layer.hpp"

#include <ttt/layer/causal_conv.hpp>

#include <cmath>

namespace {

using namespace ttt;
using laws::other;
using laws::small;

TEST_SUITE("layer") {
  TEST_CASE("SwiGlu is causal, streams and has its gradient") {
    laws::check_layer<SwiGlu, small>();
  }

  TEST_CASE("CausalConv is causal, streams and has its gradient") {
    laws::check_layer<CausalConv<1>, small>();
    laws::check_layer<CausalConv<4>, small>();
    laws::check_layer<CausalConv<4>, other>();
  }

  TEST_CASE("CausalConv may start as averages, the longer the further right") {
    const auto tensor = CausalConv<64>{.averages = true}.tensors(small).weight;
    Random random(1);
    const Random before = random;
    const auto taps = initialise<Matrix<double>>(tensor, random);
    CHECK(random == before);
    const Index width = small.width;
    for (Index c = 0; c < width; ++c) {
      CAPTURE(c);
      const double time_constant = 2 * std::pow(32.0, double(c) / double(width));
      for (Index k = 1; k < 64; ++k) {
        CHECK(taps(k, c) / taps(k - 1, c) == doctest::Approx(std::exp(-1 / time_constant)));
      }
      CHECK(taps.col(c).sum() == doctest::Approx(1 - std::exp(-64 / time_constant)));
    }
  }

  TEST_CASE("Attend to a window is causal, streams and has its gradient") {
    laws::check_layer<Attend<Window>, small>();
    laws::check_layer<Attend<Window>, other>();
  }
}

}  // namespace
