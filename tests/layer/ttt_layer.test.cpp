// SPDX-License-Identifier: Apache-2.0
#include <ttt/layer/ttt_layer.hpp>

#include <doctest/doctest.h>

#include "laws/layer.hpp"

namespace {

using namespace ttt;

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
}

}  // namespace
