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

TEST_SUITE("layer") {
  TEST_CASE_TEMPLATE("A layer that learns by itself keeps the laws of a layer", L, Linear, Mlp,
                     With<Linear{.backbone = Backbone::mamba}>,
                     With<Mlp{.rate = 0.3, .backbone = Backbone::mamba, .taps = 3, .chunk = 3}>) {
    laws::check_layer<L, spec>();
  }

  TEST_CASE_TEMPLATE(
      "Any inner model, loss and rule make a layer, and none says a derivative of the step", L,
      Learns<inner_model::SwiGlu>, Learns<inner_model::Linear, inner_loss::Squares>,
      Learns<inner_model::SwiGlu, inner_loss::InnerProduct, inner_rule::Muon>,
      Learns<inner_model::Mlp, inner_loss::NormedSquares, inner_rule::Momentum>,
      Learns<inner_model::Linear, inner_loss::NormedSquares, inner_rule::Muon>) {
    laws::check_layer<L, spec>();
  }
}

}  // namespace
