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

  TEST_CASE("The steps of initial parameters are spread evenly on a logarithmic scale") {
    Random random(1);
    const auto tensors = Mamba2{.expansion = 500, .head = 1}.tensors(small);
    const M bias = initialise<M>(tensors.numbers.step_bias, random);
    const M step = softplus_of(bias);
    CHECK(step.minCoeff() >= 0.001);
    CHECK(step.maxCoeff() <= 0.1);
    CHECK((step.array() < 0.01).cast<double>().mean() == doctest::Approx(0.5).epsilon(0.05));
    CHECK((step.array() < 0.00316).cast<double>().mean() == doctest::Approx(0.25).epsilon(0.1));
  }

  TEST_CASE("The rates of initial parameters are uniform") {
    Random random(2);
    const auto check = [&](const TensorSpec& tensor, double least) {
      const M rate = initialise<M>(tensor, random).array().exp();
      CHECK(rate.minCoeff() >= least);
      CHECK(rate.maxCoeff() <= 16);
      CHECK(rate.mean() == doctest::Approx((least + 16) / 2).epsilon(0.05));
      CHECK((rate.array() < least + (16 - least) / 4).cast<double>().mean() ==
            doctest::Approx(0.25).epsilon(0.1));
    };
    check(Mamba2{.expansion = 500, .head = 1}.tensors(small).numbers.log_rate, 1);
    check(GatedDeltaNet{.heads = 4000, .key = 1}.tensors(small).numbers.log_rate, 0);
  }

  TEST_CASE("The taps of a short convolution are initially within the root of their number") {
    Random random(3);
    const M taps = initialise<M>(ShortConv{.taps = 4}.tensors(1000).weight, random);
    CHECK(taps.minCoeff() >= -0.5);
    CHECK(taps.minCoeff() < -0.49);
    CHECK(taps.maxCoeff() <= 0.5);
    CHECK(taps.maxCoeff() > 0.49);
  }

  TEST_CASE("Where a recurrence has no shape of its own, it has the spec's") {
    const auto mamba = Mamba2{.state = 5}.shape(small);  // width 8, heads of 4
    CHECK(mamba.inner == 16);
    CHECK(mamba.heads == 4);
    CHECK(mamba.convolved == 16 + 2 * 5);
    const auto delta = GatedDeltaNet{.value_heads = 6}.settled(small);
    CHECK(delta.heads == 2);
    CHECK(delta.key == 4);
    CHECK(delta.value == 8);
    CHECK(GatedDeltaNet{.heads = 3}.settled(small).value_heads == 3);
  }

  TEST_CASE("Recurrences refuse settings that do not fit together") {
    const auto refused = [](const Mamba2& layer, const char* rule) {
      CHECK_THROWS_WITH_AS(static_cast<void>(layer.tensors(small)), rule, SpecError);
    };
    refused({.expansion = 0}, "expansion must be positive");
    refused({.head = -1}, "head must not be negative");
    refused({.groups = 0}, "groups must be positive");
    refused({.state = 0}, "state must be positive");
    refused({.taps = 0}, "taps must be positive");
    refused({.chunk = 0}, "chunk must be positive");
    refused({.head = 5}, "expansion * width must be a multiple of head");
    refused({.head = 4, .groups = 3}, "expansion * width / head must be a multiple of groups");
    const auto refused_delta = [](const GatedDeltaNet& layer, const char* rule) {
      CHECK_THROWS_WITH_AS(static_cast<void>(layer.tensors(small)), rule, SpecError);
    };
    refused_delta({.heads = -1}, "heads must not be negative");
    refused_delta({.value_heads = -1}, "value_heads must not be negative");
    refused_delta({.heads = 2, .value_heads = 3}, "value_heads must be a multiple of heads");
    refused_delta({.key = -1}, "key must not be negative");
    refused_delta({.value = -1}, "value must not be negative");
    refused_delta({.taps = 0}, "taps must be positive");
    refused_delta({.rate = 0}, "rate must be positive");
    refused_delta({.chunk = 0}, "chunk must be positive");
  }

  TEST_CASE("Recurrences refuse states that cannot be those of a position") {
    const auto zeros = [](Index rows, Index cols) { return M(M::Zero(rows, cols)); };
    const Mamba2 mamba = laws::grouped_mamba2;
    CHECK_THROWS_WITH_AS(mamba.validate<M>({zeros(2, 28), zeros(3, 16)}, 1, small),
                         "Mamba2: conv must be [1, 28], got [2, 28]", ShapeError);
    CHECK_THROWS_WITH_AS(mamba.validate<M>({zeros(2, 28), zeros(3, 8)}, 9, small),
                         "Mamba2: ssm must be [3, 16], got [3, 8]", ShapeError);
    CHECK_THROWS_WITH_AS(mamba.validate<M>({{}, zeros(3, 16)}, 0, small),
                         "Mamba2: ssm must be [0, *], got [3, 16]", ShapeError);
    const GatedDeltaNet delta = laws::grouped_delta_net;
    const auto refused = [&](const GatedDeltaNet::State<M>& state, const char* why) {
      CHECK_THROWS_WITH_AS(delta.validate(state, 9, small), why, ShapeError);
    };
    refused({zeros(1, 8), zeros(2, 8), zeros(2, 12), zeros(4, 12)},
            "GatedDeltaNet: q_conv must be [2, 8], got [1, 8]");
    refused({zeros(2, 8), zeros(2, 7), zeros(2, 12), zeros(4, 12)},
            "GatedDeltaNet: k_conv must be [2, 8], got [2, 7]");
    refused({zeros(2, 8), zeros(2, 8), {}, zeros(4, 12)},
            "GatedDeltaNet: v_conv must be [2, 12], got [0, 0]");
    refused({zeros(2, 8), zeros(2, 8), zeros(2, 12), zeros(3, 12)},
            "GatedDeltaNet: delta must be [4, 12], got [3, 12]");
  }
}

}  // namespace
