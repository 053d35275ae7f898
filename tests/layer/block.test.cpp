// SPDX-License-Identifier: Apache-2.0
#include <ttt/layer/causal_conv.hpp>
#include <ttt/model/session.hpp>

#include <string>
#include <type_traits>
#include <vector>

#include "laws/layer.hpp"

namespace {

using namespace ttt;
using laws::Learner;
using laws::other;
using laws::small;

/// Two heads of queries to one of keys.
constexpr ModelSpec shared = checked(
    {.vocab = 5, .width = 8, .heads = 2, .hidden = 6, .window = 4, .chunk = 4, .kv_heads = 1});

template <class L, ModelSpec Spec>
std::vector<std::string> names() {
  std::vector<std::string> names;
  const auto tensors = L{}.tensors(Spec);
  for_each_array(
      [&](const Leaf& leaf, const TensorSpec& tensor) {
        if (tensor.rows > 0) names.push_back((leaf.fast ? "fast " : "") + leaf.name);
      },
      tensors);
  return names;
}

TEST_SUITE("layer") {
  TEST_CASE("A block that learns is causal, streams and has its gradient") {
    laws::check_layer<Learner, small>();
    laws::check_layer<Learner, other>();
  }

  TEST_CASE("A block knows its tensors by the names of the original, and which of them are fast") {
    CHECK(names<Block<Attend<Window>, SwiGlu>, small>() ==
          std::vector<std::string>{
              "seq_norm.weight", "seq_modeling_block.wq.weight", "seq_modeling_block.wk.weight",
              "seq_modeling_block.wv.weight", "seq_modeling_block.wo.weight",
              "seq_modeling_block.q_norm.weight", "seq_modeling_block.k_norm.weight",
              "seq_post_norm.weight", "ffn_norm.weight", "feed_forward.w1.weight",
              "feed_forward.w2.weight", "feed_forward.w3.weight", "ffn_post_norm.weight"});
    CHECK(names<Block<Fast<SwiGlu>>, small>() ==
          std::vector<std::string>{"ffn_prime_norm.weight", "fast feed_forward_prime.w1.weight",
                                   "fast feed_forward_prime.w2.weight",
                                   "fast feed_forward_prime.w3.weight",
                                   "ffn_prime_post_norm.weight"});
    CHECK(names<Block<Attend<Window>>, other>() ==
          std::vector<std::string>{"seq_norm.weight", "seq_modeling_block.wq.weight",
                                   "seq_modeling_block.wk.weight", "seq_modeling_block.wv.weight",
                                   "seq_modeling_block.wo.weight"});
  }

  TEST_CASE("A block learns when one of its parts does") {
    static_assert(Learner::traits.learns);
    static_assert(Block<Fast<SwiGlu>>::traits.learns);
    static_assert(!Block<Attend<Window>, SwiGlu>::traits.learns);
  }

  TEST_CASE("Fast layers of every kind are causal, stream and have their gradients") {
    laws::check_layer<Block<Fast<Attend<Window>>, SwiGlu>, small>();
    laws::check_layer<Block<Fast<CausalConv<4>>, SwiGlu>, other>();
  }

  TEST_CASE("Attention refuses heads that cannot be turned or shared") {
    CHECK_THROWS_WITH_AS(static_cast<void>(With<Attend<Window>{.head = 5}>{}.tensors(small)),
                         "head must be even, for rotary positions", SpecError);
    CHECK_THROWS_WITH_AS(
        static_cast<void>(With<Attend<Window>{.heads = 3, .kv_heads = 2}>{}.tensors(small)),
        "heads must be a multiple of kv_heads", SpecError);
    // A retention for each of the spec's heads of keys is too few for a layer with more.
    using Own = With<Attend<Window, Cache<4, evict::LeastRetained>>{.heads = 2, .kv_heads = 2}>;
    using Model = LanguageModel<shared, Repeat<1, Block<Own>>>;
    const auto params = Model::initial<Matrix<double>>(1);
    Session<Model, Matrix<double>> session(params);
    const std::vector<Token> tokens{1, 2};
    CHECK_THROWS_WITH_AS(session.read(tokens),
                         "CachedWindow.attend: keep must be [2, 2], got [2, 1]", ShapeError);
  }

  TEST_CASE("Fast says of itself what its layer does") {
    using Caching = Attend<Window, Cache<4, evict::LowestKeepScore>>;
    static_assert(Fast<Caching>::traits.chunks && Fast<Caching>::traits.surprisal);
    static_assert(std::is_same_v<Fast<Caching>::Extras::Side, KeepScores>);
    static_assert(!Fast<SwiGlu>::traits.chunks && !Fast<SwiGlu>::traits.surprisal);
    static_assert(std::is_same_v<Fast<SwiGlu>::Extras::Side, NoSide>);
    const Fast<CausalConv<4>>::State<Matrix<double>> long_past{
        .past = Matrix<double>::Zero(4, small.width)};
    CHECK_THROWS_WITH_AS(Fast<CausalConv<4>>{}.validate(long_past, 9, small),
                         "CausalConv: past must be [3, 8], got [4, 8]", ShapeError);
  }

  TEST_CASE("Fast<SwiGlu> reads as SwiGlu does") {
    const laws::Subject<SwiGlu, small> slow(1);
    const laws::Subject<Fast<SwiGlu>, small> fast(1);
    Random random(2);
    const auto x = laws::normal(3, small.width, random);
    Stateless<Matrix<double>> none;
    CHECK(slow.read(none, x, 0) == fast.read(none, x, 0));
  }
}

}  // namespace
