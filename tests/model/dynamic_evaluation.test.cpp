// SPDX-License-Identifier: Apache-2.0
#include <ttt/learn/gradient.hpp>
#include <ttt/model/dynamic_evaluation.hpp>
#include <ttt/model/memory_file.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "laws/cached_texts.hpp"
#include "laws/hybrids.hpp"
#include "laws/meta_gradient.hpp"
#include "laws/session.hpp"

namespace {

using namespace ttt;
using laws::small;
using M = Matrix<double>;

/// A model without fast weights, and the models that it is with some of its parameters fast.
using Plain = SlidingWindow<small, 3>;
using Prime = With<Fast<SwiGlu>{.names = {"ffn_norm", "feed_forward", "ffn_post_norm"}}>;
using AllFast = LanguageModel<small, Repeat<3, Block<Attend<Window>, Prime>>>;
using LastFast = LanguageModel<small, Repeat<2, Block<Attend<Window>, SwiGlu>>,
                               Repeat<1, Block<Attend<Window>, Prime>>>;

const InnerLoop<> inner{.optimiser = {.rate = 0.1, .max_norm = 0.5, .momentum = 0.5}};

Session<Plain, M>::Options learning(const std::string& name) {
  return {.inner = inner, .learning = Learning::on, .fast = {{name}}};
}

/// Parameters of the same numbers under the same names.
template <class Model>
typename Model::template Params<M> as(const Plain::Params<M>& params) {
  auto others = laws::lively_params<Model>(9);
  const auto from = parts_of(params).arrays;
  const auto to = parts_of(others).arrays;
  REQUIRE(from.size() == to.size());
  for (std::size_t n = 0; n < from.size(); ++n) {
    REQUIRE(from[n].leaf.name == to[n].leaf.name);
    *to[n].array = *from[n].array;
  }
  return others;
}

/// Reading and meta-learning are those of the model whose fast weights are fast by type.
template <class Same>
void check_is(const std::string& name) {
  CAPTURE(name);
  const auto params = laws::lively_params<Plain>(1);
  const auto same = as<Same>(params);
  const auto tokens = laws::text<Plain>(6, 1);
  Session<Plain, M> session(params, learning(name));
  Session<Same, M> expected(same, {.inner = inner});
  CHECK(session.read(tokens) == expected.read(tokens));
  CHECK(session.state().fast == expected.state().fast);
  CHECK(session.state().velocity == expected.state().velocity);
  CHECK(session.state().fast != fast_weights(params, {{name}}));

  const auto gradient = MetaLearner<Plain, M>({.inner = inner, .fast = {{name}}})
                            .gradient(params, {.tokens = tokens});
  const auto wanted = MetaLearner<Same, M>({.inner = inner}).gradient(same, {.tokens = tokens});
  CHECK(gradient.loss == wanted.loss);
  const auto ours = parts_of(gradient.params).arrays;
  const auto theirs = parts_of(wanted.params).arrays;
  for (std::size_t n = 0; n < ours.size(); ++n) {
    CAPTURE(ours[n].leaf.name);
    CHECK(laws::disagreement(*ours[n].array, *theirs[n].array) < 1e-12);
  }
}

/// All but the embedding can learn, of a model with a head of its own too.
constexpr ModelSpec with_head = [] {
  ModelSpec spec = small;
  spec.output = Head::separate;
  return spec;
}();

/// The weights behind the first chunk are those before it, less the gradient of its mean surprisal.
template <class Model>
void check_first_step() {
  const auto params = laws::lively_params<Model>(5);
  const auto tokens = laws::text<Model>(1, 5);  // a chunk and the token behind it
  const double rate = 0.3;
  Session<Model, M> session(
      params, dynamic_evaluation<Model, M>({.optimiser = {.rate = rate, .max_norm = 0}}));
  session.read(tokens);
  const auto gradient = plain_gradient<Model, M>(params, {.tokens = tokens});
  const auto before = parts_of(params).arrays;
  const auto slope = parts_of(gradient.params).arrays;
  std::size_t learned = 0;
  for (std::size_t n = 0; n < before.size(); ++n) {
    if (before[n].array->rows() == 0 || before[n].leaf.name == "model.wte.weight") continue;
    CAPTURE(before[n].leaf.name);
    M wanted = *before[n].array;
    add_scaled(wanted, -rate, *slope[n].array);
    REQUIRE(learned < session.state().fast.size());
    CHECK(laws::disagreement(session.state().fast[learned++], wanted) < 1e-12);
  }
  CHECK(learned == session.state().fast.size());
}

TEST_SUITE("model") {
  TEST_CASE("dynamic_evaluation descends the gradient of every parameter that can learn") {
    check_first_step<Plain>();
    check_first_step<TttE2e<small, 3, 1>>();
    check_first_step<SlidingWindow<with_head, 2>>();
  }

  TEST_CASE("dynamic_evaluation learns with the parameters that have a part in their names") {
    const auto params = laws::lively_params<Plain>(6);
    const auto tokens = laws::text<Plain>(3, 6);
    Session<Plain, M> session(
        params, dynamic_evaluation<Plain, M>(
                    {.fast = {"blocks.2.feed_forward.", "ln_f"}, .optimiser = inner.optimiser}));
    Session<Plain, M> expected(
        params,
        {.inner = inner, .learning = Learning::on, .fast = {{"blocks.2.feed_forward.", "ln_f"}}});
    CHECK(session.read(tokens) == expected.read(tokens));
    CHECK(session.state().fast == expected.state().fast);
    CHECK(session.state().fast.size() == 4);
  }

  TEST_CASE("dynamic_evaluation at rate 0 is reading without learning") {
    const auto params = laws::lively_params<Plain>(7);
    const auto tokens = laws::text<Plain>(3, 7);
    Session<Plain, M> session(params, dynamic_evaluation<Plain, M>({.optimiser = {.rate = 0}}));
    const auto learned = session.read(tokens);
    const auto read = Session<Plain, M>(params).read(tokens);
    for (std::size_t t = 0; t < tokens.size(); ++t) {
      CHECK(learned[t] == doctest::Approx(read[t]).epsilon(1e-12));
    }
  }

  TEST_CASE("dynamic_evaluation leaves keep scores as they were trained") {
    using Model = laws::Keeping;  // its first block that stores by chunks is the second
    static_assert(Model::first_learner() == 1);
    const auto params = laws::lively_params<Model>(7);
    const auto tokens = laws::text<Model>(12, 7);
    Session<Model, M> still(params, {.learning = Learning::off});
    const auto read = still.read(tokens);
    Session<Model, M> session(params, dynamic_evaluation<Model, M>({.optimiser = {.rate = 0}}));
    const auto learned = session.read(tokens);
    for (std::size_t t = 0; t < tokens.size(); ++t) {
      CHECK(learned[t] == doctest::Approx(read[t]).epsilon(1e-12));
    }
    CHECK_THROWS_WITH_AS(
        static_cast<void>(dynamic_evaluation<Model, M>({.fast = {"feed_forward"}})),
        "LanguageModel: block 0 cannot learn: the side output is computed behind it", RangeError);
  }

  TEST_CASE("dynamic_evaluation refuses a part of no name, and the embedding") {
    CHECK_THROWS_WITH_AS(
        static_cast<void>(dynamic_evaluation<Plain, M>({.fast = {"ln_f", "feedforward"}})),
        "dynamic_evaluation: fast must be parts of the names of parameters, got feedforward",
        RangeError);
    CHECK_THROWS_WITH_AS(static_cast<void>(dynamic_evaluation<Plain, M>({.fast = {"lm_head"}})),
                         "dynamic_evaluation: fast must be parts of the names of parameters, got "
                         "lm_head",
                         RangeError);
    CHECK_THROWS_WITH_AS(static_cast<void>(dynamic_evaluation<Plain, M>({.fast = {"weight"}})),
                         "LanguageModel: model.wte.weight cannot be a fast weight", RangeError);
  }

  TEST_CASE("Dynamic evaluation is reading with fast weights that are chosen by name") {
    check_is<AllFast>("feed_forward.");
    check_is<LastFast>("blocks.2.feed_forward.");
  }

  TEST_CASE("Dynamic evaluation streams") {
    laws::check_session_streaming<Plain, double>(learning("feed_forward."), 12);
    laws::check_session_streaming<laws::Twice, double>(
        {.inner = inner, .learning = Learning::on, .fast = {{"global.w", "feed_forward."}}}, 8);
  }

  TEST_CASE("Dynamic evaluation is causal, bit for bit") {
    const auto params = laws::lively_params<Plain>(2);
    const auto tokens = laws::text<Plain>(4, 2);
    const auto before = Session<Plain, M>(params, learning("feed_forward.")).read(tokens);
    for (std::size_t changed = 0; changed < tokens.size(); ++changed) {
      auto others = tokens;
      others[changed] = (others[changed] + 1) % static_cast<Token>(small.vocab);
      const auto after = Session<Plain, M>(params, learning("feed_forward.")).read(others);
      CAPTURE(changed);
      for (std::size_t t = 0; t < changed; ++t) CHECK(after[t] == before[t]);
      if (changed > 0) CHECK(after[changed] != before[changed]);
    }
  }

  TEST_CASE("Dynamic evaluation goes on from its file, in mid-chunk, bit for bit") {
    const auto file = std::filesystem::temp_directory_path() / "ttt_dynamic_memory.safetensors";
    const auto params = laws::lively_params<Plain>(3);
    const auto options = learning("blocks.2.feed_forward.");
    const auto tokens = laws::text<Plain>(3, 3);
    for (std::size_t read = 0; read < tokens.size(); ++read) {
      CAPTURE(read);
      Session<Plain, M> session(params, options);
      session.read(std::span(tokens).first(read));
      save_memory(file, session);
      auto restored = load_memory<Plain, M>(file, params, options);
      laws::check_equal(restored, session);
      CHECK(restored.read(tokens) == session.read(tokens));
      laws::check_equal(restored, session);
    }
    const auto missing = "tensor \"fast.model.h.blocks.0.feed_forward.w1.weight\" is missing";
    CHECK_THROWS_WITH_AS(
        static_cast<void>(load_memory<Plain, M>(file, params, learning("feed_forward."))),
        ("read: " + file.string() + ": " + missing).c_str(), FormatError);
    CHECK_THROWS_AS(static_cast<void>(load_memory<Plain, M>(file, params)), FormatError);
    std::filesystem::remove(file);
  }

  TEST_CASE("What nothing is called, and what is read before the blocks, cannot learn") {
    const auto params = laws::lively_params<Plain>(4);
    CHECK_THROWS_WITH_AS((Session<Plain, M>(params, learning("feedforward"))),
                         "Session: learning needs fast weights, and no parameter is one",
                         RangeError);
    CHECK_THROWS_WITH_AS((Session<Plain, M>(params, {.learning = Learning::on})),
                         "Session: learning needs fast weights, and no parameter is one",
                         RangeError);
    const char* embedding = "LanguageModel: model.wte.weight cannot be a fast weight";
    CHECK_THROWS_WITH_AS((Session<Plain, M>(params, learning("weight"))), embedding, RangeError);
    CHECK_THROWS_WITH_AS((MetaLearner<Plain, M>({.fast = {{"wte"}}})), embedding, RangeError);
  }
}

}  // namespace
