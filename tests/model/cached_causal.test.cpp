// SPDX-License-Identifier: Apache-2.0
#include <ttt/model/lift.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <span>
#include <tuple>
#include <vector>

#include "laws/cached_texts.hpp"

namespace {

using namespace ttt;

/// Two blocks, the upper one with a cache.
template <class... Policies>
using Caching = LanguageModel<laws::keeping, Repeat<1, laws::Reader>,
                              Repeat<1, Block<Attend<Window, Cache<5, Policies...>>, SwiGlu>>>;

/// How much each token but the first surprises a model that reads and does not learn.
template <class Model>
std::vector<double> surprisal(const typename Model::template Params<Matrix<float>>& params,
                              std::span<const Token> tokens) {
  using M = Matrix<float>;
  RotaryTables<M> rotary;
  const CacheOptions options;
  const std::size_t border = Model::border(FastSelection{});
  typename Model::template State<M> state;
  std::vector<double> known{0};
  for (Index begin = 0; begin < std::ssize(tokens); begin += Model::spec.chunk) {
    const auto first = static_cast<std::size_t>(begin);
    const auto part = tokens.subspan(first, static_cast<std::size_t>(Model::spec.chunk));
    typename Model::template ContextOf<M> context{
        .spec = Model::spec, .rotary = rotary, .position = begin, .options = options};
    const auto crossed = Model::prefix(params, state, Model::embed(params, part), context, border);
    context.side = crossed.side;
    const M logits =
        Model::logits(params, Model::suffix(params, state, crossed.rows, context, border));
    const auto rest = tokens.subspan(first + 1);
    const auto targets = rest.first(std::min(rest.size(), part.size()));
    const M nats = cross_entropy(M(logits.topRows(std::ssize(targets))), targets);
    known.insert(known.end(), nats.data(), nats.data() + nats.size());
    Model::observe(state, std::span(known).subspan(first, part.size()));
  }
  REQUIRE(!laws::cached_entries(std::get<1>(state.stages)[0]).empty());
  return known;
}

TEST_SUITE("model") {
  TEST_CASE_TEMPLATE(
      "a token changes no surprisal before its own, bit for bit, under any policy of a cache",
      Model, Caching<>, Caching<evict::LeastSurprising>, Caching<evict::LowestKeepScore>,
      Caching<evict::Oldest, place::Nowhere>, Caching<evict::LeastAttendedOnAverage>,
      Caching<evict::LeastSurprisingForAge>, Caching<evict::LeastRecentlyAttended, place::Absolute>,
      Caching<evict::Random>,
      Caching<With<evict::PinFirst<evict::LowestKeepScore>{.count = 2}>, signal::KeepScore>,
      Caching<evict::InOrder<evict::LeastRecentlyAttended, evict::LeastSurprising>>,
      Caching<With<signal::MeanSurprisal{.reach = 9}>,
              With<admit::WithNeighbours<admit::AtLeast>{.first = {.threshold = 2}}>>,
      Caching<signal::Sum<signal::Surprisal, signal::KeepScore>,
              With<admit::AtLeast{.threshold = 1}>>,
      Caching<signal::Reconstruction>, Caching<fuse::Gated>, Caching<evict::LeastRetained>,
      Caching<signal::LargestAttention, evict::LeastAttendedInTotal>,
      Caching<evict::LeastAttendedOnAverage, fuse::Gated, place::Nowhere>) {
    const auto params = laws::lively_params<Model, float>(1);
    Random random(2);
    const auto tokens = laws::drawn_tokens(7 * Model::spec.chunk, Model::spec.vocab, random);
    const auto before = surprisal<Model>(params, tokens);
    for (std::size_t changed = 0; changed < tokens.size(); ++changed) {
      auto others = tokens;
      others[changed] = (others[changed] + 1) % static_cast<Token>(Model::spec.vocab);
      const auto after = surprisal<Model>(params, others);
      CAPTURE(changed);
      for (std::size_t t = 0; t < changed; ++t) CHECK(after[t] == before[t]);
      if (changed > 0) CHECK(after[changed] != before[changed]);
      if (changed + 1 < tokens.size()) CHECK(after[changed + 1] != before[changed + 1]);
    }
  }
}

}  // namespace
