// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <tuple>
#include <vector>

#include "laws/cached_texts.hpp"

namespace {

using namespace ttt;

/// Two blocks, the upper one with a cache.
template <class... Policies>
using Keeping = LanguageModel<laws::wanting, Repeat<1, laws::Reader>,
                              Repeat<1, Block<Attend<Window, Cache<5, Policies...>>, SwiGlu>>>;

/// How much each token but the first surprises a model that reads and does not learn.
template <class Model>
std::vector<double> surprisal(const typename Model::template Params<Matrix<float>>& params,
                              std::span<const Token> tokens) {
  using M = Matrix<float>;
  const auto table = Model::template rotary<float>(Model::positions);
  typename Model::template State<M> state;
  std::vector<double> known{0};
  for (Index at = 0; at < std::ssize(tokens); at += Model::spec.chunk) {
    const auto part =
        tokens.subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(Model::spec.chunk));
    Pass<M> pass{.rotary = &table, .position = at, .surprisal = known};
    const M rows = Model::prefix(params, state, Model::embed(params, part), pass);
    pass.keep = Model::keep(params, rows);
    const M logits = Model::logits(params, Model::suffix(params, state, rows, pass));
    const auto rest = tokens.subspan(static_cast<std::size_t>(at) + 1);
    const auto targets = rest.first(std::min(rest.size(), part.size()));
    const M nats = cross_entropy(M(logits.topRows(std::ssize(targets))), targets);
    known.insert(known.end(), nats.data(), nats.data() + nats.size());
  }
  REQUIRE(!laws::kept_entries(std::get<1>(state.stages)[0]).empty());
  return known;
}

TEST_SUITE("model") {
  TEST_CASE_TEMPLATE(
      "a token changes no surprisal before its own, bit for bit, under any policy of a cache",
      Model, Keeping<>, Keeping<evict::LeastSurprising>, Keeping<evict::LeastWanted>,
      Keeping<evict::Oldest, place::Nowhere>, Keeping<evict::LeastAttended>,
      Keeping<evict::LeastRecentlyAttended, place::Absolute>, Keeping<evict::Random<1>>,
      Keeping<evict::PinFirst<2, evict::LeastWanted>, signal::KeepScore>,
      Keeping<evict::InOrder<evict::LeastRecentlyAttended, evict::LeastSurprising>>,
      Keeping<signal::MeanSurprisal<9>, admit::WithNeighbours<admit::AtLeast<2000>, 1>>,
      Keeping<signal::Sum<signal::Surprisal, signal::KeepScore>, admit::AtLeast<1000>>,
      Keeping<signal::Reconstruction>, Keeping<fuse::Gated>,
      Keeping<evict::LeastAttended, fuse::Gated, place::Nowhere>) {
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
