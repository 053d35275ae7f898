// SPDX-License-Identifier: Apache-2.0
#include <ttt/model/systems.hpp>

#include <doctest/doctest.h>

#include "laws/meta_gradient.hpp"
#include "laws/system.hpp"

namespace {

using namespace ttt;
using laws::small;

template <class Model, class Rule = inner_rule::Descent>
using Mixer = TttLayer<InnerLearner<Model, inner_loss::NormedSquares, Rule>>;

/// Chunks of the layers divide neither reads nor chunks of the model.
using Linear = TttModel<small, 2, Mixer<inner_model::Linear>{.chunk = 3}>;
using MlpMamba =
    TttModel<small, 1,
             Mixer<inner_model::Mlp>{.rate = 0.3, .backbone = Backbone::mamba, .chunk = 3}>;
using Orthogonal = TttModel<small, 1,
                            Mixer<inner_model::SwiGlu, inner_rule::Muon>{
                                .learner = {.rule = {.rate = 0.2}}, .chunk = 3}>;
using Kvb = TttKvb<small, 1,
                   Mixer<inner_model::Mlp>{
                       .rate = 0.3, .chunk = 3, .names = {"kvb_norm", "kvb", "kvb_post_norm"}}>;

/// An inner learner below fast weights, and one beside them.
using Learning =
    LanguageModel<small, Repeat<1, Block<With<Mixer<inner_model::Linear>{.chunk = 3}>>>,
                  Repeat<1, Block<With<Mixer<inner_model::SwiGlu>{.rate = 0.3, .chunk = 3}>,
                                  Fast<SwiGlu>, SwiGlu>>>;

TEST_SUITE("model") {
  TEST_CASE("Models of TTT layers keep the laws of a model") {
    laws::check_system<Linear>("ttt_linear");
    laws::check_system<MlpMamba>("ttt_mlp_mamba");
    laws::check_system<Orthogonal>("ttt_orthogonal");
    laws::check_system<Kvb>("ttt_kvb");
  }

  TEST_CASE("The memory of a model of TTT layers does not grow") {
    laws::check_constant_memory<Linear>();
    laws::check_constant_memory<Kvb>();
  }

  TEST_CASE("Inner learners stream beside fast weights, which see no later token either") {
    laws::check_session_streaming<Learning, double>({}, 8);
    laws::check_session_causal<Learning>();
    laws::check_session_file<Learning>("ttt_learning_memory.safetensors");
  }

  TEST_CASE("The meta-gradient goes through inner learners beside fast weights") {
    laws::check_meta_gradient<Learning>(InnerLoop<>{.optimiser = {.rate = 0.1, .max_norm = 1.5}},
                                        4);
    laws::check_meta_gradient<Learning>(InnerLoop<>{.optimiser = {.rate = 0.1, .max_norm = 0}}, 0);
  }
}

}  // namespace
