// SPDX-License-Identifier: Apache-2.0
#include "laws/cached_texts.hpp"
#include "storage/agrees.hpp"

namespace {

using namespace ttt;

/// Penalties where the model has keep scores, and fewer slots than there are.
template <class Model>
CacheOptions options() {
  const bool scores = std::is_same_v<typename Model::Side, KeepScores>;
  return {.slots = 4,
          .pinned = {1},
          .keep_penalty = scores ? 0.3 : 0,
          .peak_penalty = scores ? 0.2 : 0,
          .capacity_penalty = 0.3};
}

TEST_SUITE("storage") {
  TEST_CASE_TEMPLATE("a model with a cache on another storage agrees, and stores the same", Model,
                     laws::Keeping, laws::Signalling, laws::Gating, laws::Attending,
                     laws::Observing, laws::Retaining) {
    using P = storage::Tested<double>;
    const auto params = laws::lively_params<Model>(1);
    storage::check_model<Model>(params, options<Model>());

    const auto same = storage::moved<P>(params);
    Session<Model, P> ours(same, {.layers = options<Model>()});
    Session<Model, Matrix<double>> theirs(params, {.layers = options<Model>()});
    const storage::Reading reading(8 * Model::spec.chunk, Model::spec.vocab);
    ours.read(reading.tokens);
    theirs.read(reading.tokens);
    const auto stored = laws::cached_entries(ours.state().memory);
    const auto expected = laws::cached_entries(theirs.state().memory);
    REQUIRE(stored.size() == expected.size());
    CHECK(!stored.empty());
    for (std::size_t n = 0; n < stored.size(); ++n) {
      CHECK(stored[n].position == expected[n].position);
      CHECK(stored[n].readers == expected[n].readers);
      CHECK(stored[n].attended_at == expected[n].attended_at);
      storage::check_near(
          {stored[n].surprisal, stored[n].keep, stored[n].log_retention, stored[n].signal,
           stored[n].attended, stored[n].attended_in_chunk, stored[n].attended_last},
          {expected[n].surprisal, expected[n].keep, expected[n].log_retention, expected[n].signal,
           expected[n].attended, expected[n].attended_in_chunk, expected[n].attended_last});
    }
  }
}

}  // namespace
