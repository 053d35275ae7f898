// SPDX-License-Identifier: Apache-2.0
#include <ttt/layer/causal_conv.hpp>

#include <string>
#include <type_traits>
#include <vector>

#include "laws/layer.hpp"

namespace {

using namespace ttt;
using laws::Learner;
using laws::other;
using laws::small;

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
