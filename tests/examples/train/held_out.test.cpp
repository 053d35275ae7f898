// SPDX-License-Identifier: Apache-2.0
#include "train/held_out.hpp"

#include <ttt/data/bytes.hpp>
#include <ttt/data/corpus.hpp>
#include <ttt/memory/cache_schedule.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "models.hpp"
#include "train/material.hpp"
#include "train/settings.hpp"

namespace {

using namespace ttt;
using M = Matrix<float>;
using models::Toy;
using training::HeldOut;

const std::vector<std::vector<Token>> texts{data::bytes("In the beginning was the Word."),
                                            data::bytes("And it came to pass in those days.")};

const MetaLoss<InnerLoop<>, CacheSchedule> meta{.inner = {.optimiser = {.rate = 0.5}}};

TEST_SUITE("examples/train") {
  TEST_CASE("a held-out loss is the mean over all tokens of texts that sessions read") {
    const auto params = Toy::initial(1);
    const auto options = training::held_out_options<Toy, M>(meta);
    double nats = 0;
    double tokens = 0;
    for (const auto& text : texts) {
      for (const float surprisal : Session<Toy>(params, options).read(text)) {
        nats += static_cast<double>(surprisal);
        ++tokens;
      }
    }
    for (const Index threads : {1, 2, 5}) {
      CHECK(HeldOut<Toy, M>(texts, options, threads).loss(params) ==
            doctest::Approx(nats / tokens).epsilon(1e-12));
    }
    CHECK(HeldOut<Toy, M>(texts, options, 1).loss(params) ==
          HeldOut<Toy, M>(texts, options, 2).loss(params));
  }

  TEST_CASE("held-out texts are read as the objective trains the model to") {
    CHECK(training::held_out_options<Toy, M>(meta).learning == Learning::on);
    CHECK(training::held_out_options<Toy, M>(meta).inner.optimiser.rate == 0.5);
    CHECK(training::held_out_options<Toy, M>(PlainLoss<>{}).learning == Learning::off);
    using SrTtt = models::BookkeeperSrTtt;
    const auto caching = [](SrTttStage stage) {
      const PlainLoss<SrTttSchedule> objective{.layers = {.stage = stage}};
      return training::held_out_options<SrTtt, M>(objective).layers.caching;
    };
    CHECK(caching(SrTttStage::backbone) == Caching::off);
    CHECK(caching(SrTttStage::recall) == Caching::on);
  }

  TEST_CASE("a held-out loss that is not finite is no number, and does not end a run") {
    auto params = Toy::initial(1);
    params.norm.weight(0, 0) = std::numeric_limits<float>::infinity();
    const auto options = training::held_out_options<Toy, M>(PlainLoss<>{});
    CHECK(std::isnan(HeldOut<Toy, M>(texts, options, 1).loss(params)));
  }

  TEST_CASE("a run without held-out texts has none, and texts are cut to a length") {
    training::Settings settings;
    settings.text = {TTT_TEST_DATA "/../../LICENSE"};
    CHECK(!settings.validates());
    CHECK(training::held_out_tokens(settings, 256).empty());
    settings.validate = settings.text;
    settings.validate_length = 100;
    CHECK(settings.validates());
    CHECK(training::held_out_tokens(settings, 256).at(0).size() == 100);
    settings.validate_length = 0;
    CHECK(training::held_out_tokens(settings, 256) == training::tokens(settings, 256));
  }

  TEST_CASE("what a run is measured on is no part of its recipe") {
    training::Settings settings;
    const std::string recipe = settings.recipe();
    settings.validate = {"letters"};
    settings.validate_every = 20;
    CHECK(settings.recipe() == recipe);
  }
}

}  // namespace
