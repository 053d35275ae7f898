// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "laws/hybrids.hpp"
#include "laws/session.hpp"

namespace {

using namespace ttt;
using laws::FiveToOne;
using laws::Full;
using laws::hybrid;
using laws::LearningHybrid;
using laws::Own;
using laws::Twice;

template <class Model>
std::vector<Token> text(Index time, std::uint64_t seed) {
  Random random(seed);
  return laws::drawn_tokens(time, Model::spec.vocab, random);
}

/// Names of the tensors of a model that it has.
template <class Model>
std::vector<std::string> names() {
  std::vector<std::string> all;
  const auto tensors = Model::tensors();
  for (const auto& [leaf, tensor] : parts_of(tensors).arrays) {
    if (tensor->rows > 0) all.push_back(leaf.name);
  }
  return all;
}

/// Two models of tensors of the same shapes in the same order are surprised alike.
template <class Model, class Same>
void check_agree() {
  using M = Matrix<double>;
  const auto params = laws::lively_params<Model>(5);
  auto others = laws::lively_params<Same>(6);
  const auto from = parts_of(params).arrays;
  const auto to = parts_of(others).arrays;
  REQUIRE(from.size() == to.size());
  for (std::size_t n = 0; n < from.size(); ++n) {
    REQUIRE(from[n].array->rows() == to[n].array->rows());
    REQUIRE(from[n].array->cols() == to[n].array->cols());
    *to[n].array = *from[n].array;
  }
  const auto tokens = text<Model>(43, 7);
  const auto ours = Session<Model, M>(params).read(tokens);
  const auto expected = Session<Same, M>(others).read(tokens);
  for (std::size_t t = 0; t < tokens.size(); ++t) {
    CAPTURE(t);
    CHECK(ours[t] == doctest::Approx(expected[t]).epsilon(1e-12));
  }
}

TEST_SUITE("model") {
  TEST_CASE_TEMPLATE("Layers of different shapes in one model stream", Model, Own, Twice,
                     LearningHybrid, Full, FiveToOne) {
    laws::check_session_streaming<Model, double>({}, 8);
    laws::check_session_streaming<Model, float>({}, 4);
  }

  TEST_CASE_TEMPLATE("A token changes no surprisal before its own, bit for bit, in a hybrid", Model,
                     Own, Twice, LearningHybrid, Full, FiveToOne) {
    laws::check_session_causal<Model>();
  }

  TEST_CASE_TEMPLATE("A hybrid's session goes on from its file, in mid-chunk, bit for bit", Model,
                     Own, Twice, LearningHybrid, Full, FiveToOne) {
    laws::check_session_file<Model>("ttt_hybrid_memory.safetensors");
  }

  TEST_CASE("A layer's own shape is what the spec's would be") {
    check_agree<Own, SlidingWindow<laws::as_own, 2>>();
    check_agree<LanguageModel<hybrid, Repeat<1, Block<Attend<With<Window{.length = 50}>>, SwiGlu>>>,
                FullAttention<hybrid, 1>>();
    check_agree<LanguageModel<hybrid, Repeat<2, Block<Attend<Window>, SwiGlu>>,
                              Repeat<1, Block<Attend<Whole>, SwiGlu>>>,
                Hybrid<hybrid, 2>>();
  }

  TEST_CASE("A hybrid is local blocks, and one that sees everything") {
    static_assert(FiveToOne::depth == 6);
    const auto params = laws::lively_params<FiveToOne, float>(1);
    Session<FiveToOne> session(params);
    session.read(text<FiveToOne>(60, 1));
    const auto& memory = session.state().memory;
    for (const auto& block : std::get<0>(memory.stages)) {
      CHECK(std::get<0>(block.parts).keys.rows() < hybrid.window + hybrid.chunk);
    }
    CHECK(std::get<0>(std::get<1>(memory.stages)[0].parts).keys.rows() == 60);
    CHECK(std::get<0>(std::get<1>(memory.stages)[0].parts).keys.cols() == 4);  // 2 heads of 2
  }

  TEST_CASE("Two attentions in one block have names of their own") {
    const auto all = names<Twice>();
    CHECK(std::set<std::string>(all.begin(), all.end()).size() == all.size());
    for (const char* name : {"seq_norm.weight", "seq_modeling_block.wq.weight",
                             "global_norm.weight", "global.wq.weight", "global_post_norm.weight"}) {
      CAPTURE(name);
      CHECK(std::ranges::count(all, std::string("model.h.blocks.0.") + name) == 1);
    }
  }
}

}  // namespace
