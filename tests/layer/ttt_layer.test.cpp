// SPDX-License-Identifier: Apache-2.0
#include <ttt/layer/ttt_layer.hpp>

#include <doctest/doctest.h>

#include "laws/layer.hpp"

namespace {

using namespace ttt;
using M = Matrix<double>;

constexpr ModelSpec spec =
    checked({.vocab = 13, .width = 6, .heads = 2, .hidden = 5, .window = 5, .chunk = 4, .head = 4});

template <class Model, class Loss = inner_loss::NormedSquares, class Rule = inner_rule::Descent>
using Learns = TttLayer<InnerLearner<Model, Loss, Rule>>;
using Linear = Learns<inner_model::Linear>;
using Mlp = Learns<inner_model::Mlp>;

/// Another combination of policies, in chunks of three tokens.
template <class Model, class Loss = inner_loss::NormedSquares, class Rule = inner_rule::Descent>
using Other = With<Learns<Model, Loss, Rule>{.chunk = 3}>;

/// Steps as large as weights: what decides their direction has an influence then.
template <class Model, class Loss = inner_loss::NormedSquares>
using Large =
    With<Learns<Model, Loss, inner_rule::Muon>{.learner = {.rule = {.rate = 1}}, .chunk = 3}>;

TEST_SUITE("layer") {
  TEST_CASE_TEMPLATE("A layer that learns by itself keeps the laws of a layer", L,
                     With<Linear{.chunk = 4}>, With<Mlp{.chunk = 3}>,
                     With<Linear{.backbone = Backbone::mamba, .chunk = 0}>,
                     With<Mlp{.rate = 0.3, .backbone = Backbone::mamba, .taps = 3, .chunk = 3}>) {
    laws::check_layer<L, spec>();
  }

  TEST_CASE_TEMPLATE(
      "Any inner model, loss and rule make a layer, and none says a derivative of the step", L,
      Other<inner_model::SwiGlu>, Other<inner_model::Linear, inner_loss::Squares>,
      Large<inner_model::SwiGlu, inner_loss::InnerProduct>,
      Other<inner_model::Mlp, inner_loss::NormedSquares, inner_rule::Momentum>,
      Large<inner_model::Linear>) {
    laws::check_layer<L, spec>();
  }

  TEST_CASE("A layer that learns by itself refuses settings that do not fit together") {
    const auto refused = [](const Linear& layer, const char* rule) {
      CHECK_THROWS_WITH_AS(static_cast<void>(layer.settled(spec)), rule, SpecError);
    };
    refused({.chunk = -1}, "chunk must not be negative");
    refused({.heads = -1}, "heads must not be negative");
    refused({.head = -1}, "head must not be negative");
    refused({.head = 3}, "head must be even, for rotary positions");
    refused({.taps = 0}, "taps must be positive");
  }

  TEST_CASE("Settings that are left to the spec are the spec's") {
    const Linear left = Linear{.chunk = 0}.settled(spec);
    CHECK(left.chunk == 4);
    CHECK(left.heads == 2);
    CHECK(left.head == 4);
    CHECK(left.rotary == spec.rotary);
    const Linear own{.chunk = 3, .heads = 1, .head = 6, .rotary = {.base = 50}};
    CHECK(own.settled(spec).chunk == 3);
    CHECK(own.settled(spec).heads == 1);
    CHECK(own.settled(spec).head == 6);
    CHECK(own.settled(spec).rotary == own.rotary);
  }

  TEST_CASE("A layer that learns by itself refuses states that cannot be those of a position") {
    using Layer = Learns<inner_model::Linear, inner_loss::NormedSquares, inner_rule::Momentum>;
    using State = Layer::State<M>;
    const Layer layer{.backbone = Backbone::mamba, .taps = 3, .chunk = 3};
    const M weight = M::Zero(4, 8);  // two heads of four features
    const M row = M::Zero(1, 8);
    const M past = M::Zero(2, 8);
    State begun;
    begun.model.maps[0].weight = weight;
    begun.model.maps[0].bias = row;
    begun.past = past;
    State within = begun;
    within.model.maps[0].sum = weight;
    within.model.maps[0].bias_sum = row;
    State stepped = begun;
    stepped.model.maps[0].velocity = weight;
    stepped.model.maps[0].bias_velocity = row;
    layer.validate(State{}, 0, spec);
    layer.validate(stepped, 3, spec);
    layer.validate(within, 2, spec);

    const auto refused = [&](State state, Index position, const char* why, auto&& change) {
      change(state.model.maps[0], state.past);
      CHECK_THROWS_WITH_AS(layer.validate(state, position, spec), why, ShapeError);
    };
    refused(State{}, 0, "InnerLearner: weight must be [0, *], got [4, 8]",
            [&](auto& map, M&) { map.weight = weight; });
    refused(stepped, 3, "InnerLearner: bias must be [1, 8], got [0, 0]",
            [](auto& map, M&) { map.bias = {}; });
    refused(stepped, 3, "InnerLearner: sum must be [0, *], got [4, 8]",
            [&](auto& map, M&) { map.sum = weight; });
    refused(stepped, 3, "InnerLearner: bias_sum must be [0, *], got [1, 8]",
            [&](auto& map, M&) { map.bias_sum = row; });
    refused(stepped, 3, "InnerLearner: velocity must be [4, 8], got [0, 0]",
            [](auto& map, M&) { map.velocity = {}; });
    refused(within, 2, "InnerLearner: velocity must be [0, *], got [4, 8]",
            [&](auto& map, M&) { map.velocity = weight; });
    refused(within, 2, "InnerLearner: bias_velocity must be [0, *], got [1, 8]",
            [&](auto& map, M&) { map.bias_velocity = row; });
    refused(within, 2, "InnerLearner: sum must be [4, 8], got [3, 8]",
            [](auto& map, M&) { map.sum = M::Zero(3, 8); });
    refused(within, 2, "TttLayer: past must be [2, 8], got [1, 8]",
            [&](auto&, M& stored) { stored = row; });
    const Layer plain{.chunk = 3};  // without a convolution
    CHECK_THROWS_WITH_AS(plain.validate(within, 2, spec),
                         "TttLayer: past must be [0, *], got [2, 8]", ShapeError);
  }
}

}  // namespace
