// SPDX-License-Identifier: Apache-2.0
#include <ttt/layer/attend.hpp>
#include <ttt/layer/layer.hpp>
#include <ttt/memory/published.hpp>

#include <limits>
#include <tuple>
#include <type_traits>

#include "laws/cache.hpp"

namespace {

using namespace ttt;

using M = Matrix<double>;

constexpr ModelSpec spec(Index window) {
  return checked({.vocab = 2, .width = 80, .heads = 2, .hidden = 1, .window = window, .chunk = 4});
}

/// A cache with room for all of a text of 40 tokens.
template <class... Policies>
using Roomy = Cache<64, Policies...>;

using Keepers = std::tuple<
    Roomy<>, Roomy<evict::LeastSurprising, place::Absolute>, Roomy<evict::LowestKeepScore>,
    Roomy<signal::KeepScore, place::Absolute>,
    Roomy<evict::Oldest, With<signal::MeanSurprisal{.reach = 2}>>,
    Roomy<With<signal::MeanSurprisal{.reach = 9}>>, Roomy<signal::Reconstruction>,
    Roomy<evict::LeastAttendedOnAverage>, Roomy<evict::LeastRecentlyAttended, place::Absolute>,
    Roomy<With<evict::Random{.seed = 5}>>,
    Roomy<With<evict::PinFirst<evict::LeastSurprising>{.count = 3}>>,
    Roomy<evict::InOrder<evict::LeastRecentlyAttended, evict::LeastSurprising>>,
    Roomy<place::Nowhere>,
    Roomy<place::Nowhere, evict::LowestKeepScore, With<admit::AtLeast{.threshold = 2}>>,
    Roomy<With<admit::WithNeighbours<admit::AtLeast>{.first = {.threshold = 4}}>>,
    Roomy<admit::None>, Roomy<signal::Sum<signal::Surprisal, signal::KeepScore>>,
    Roomy<fuse::Gated>, Roomy<fuse::Gated, place::Nowhere, evict::LowestKeepScore>,
    Roomy<evict::LeastAttendedOnAverage, fuse::Gated, place::Absolute>,
    Roomy<evict::LeastRecentlyAttended, fuse::Gated>, published::StreamingLlm<64>,
    published::H2o<64>, published::Tova<64>, published::SnapKv<64>, published::TrimKv<64>,
    published::H2o<64, fuse::Gated, place::Nowhere>, published::TrimKv<64, fuse::Gated>,
    Roomy<signal::LargestAttention, evict::LeastRecentlyAttended>>;

template <class Kept>
constexpr bool all_admitted = std::is_same_v<typename Kept::AdmitPolicy, admit::All>;
template <class Kept>
constexpr bool somewhere = !std::is_same_v<typename Kept::PlacePolicy, place::Nowhere>;

template <class Kept>
constexpr bool together = std::is_same_v<typename Kept::FusePolicy, fuse::OneSoftmax>;

/// A window of chunks, one of a part of a chunk besides, one of a chunk.
template <class Check>
void for_each_window(Check check) {
  check.template operator()<spec(8)>();
  check.template operator()<spec(10)>();
  check.template operator()<spec(4)>();
}

constexpr ModelSpec own = spec(8);

TEST_SUITE("memory") {
  TEST_CASE_TEMPLATE_DEFINE(
      "a window with a cache is causal, answers what plain loops do, sees every token once at most "
      "and, where there is room, all",
      Kept, cached_window) {
    for_each_window([]<ModelSpec Spec>() {
      CAPTURE(Spec.window);
      laws::check_cache_agrees<Spec, Kept>();
      laws::check_cache_sight<Spec, Kept>(all_admitted<Kept>);
      laws::check_cache_causal<Spec, Kept, double>();
      if constexpr (all_admitted<Kept> && somewhere<Kept> && together<Kept>) {
        laws::check_cache_limit<Spec, Kept>();
      }
    });
  }
  TEST_CASE_TEMPLATE_APPLY(cached_window, Keepers);

  TEST_CASE("a window with a cache refuses reads that it cannot answer, and is then untouched") {
    using Kept = Cache<3>;
    using Memory = CachedWindow<Kept>;
    const laws::CachedRows text(32, 80, 5);
    Memory::State<M> state;
    static_cast<void>(laws::read_cached<Kept>(own, text, state, 4));
    RotaryTables<M> rotary;
    const auto read = [&](Index count, const CacheOptions& options) {
      const M rows = M::Ones(count, 80);
      static_cast<void>(
          Memory{}.attend(state, AttentionRows<M>{rows, rows, rows}, M{}, laws::shape_of(own),
                          Context<M, NoSide, CacheOptions>{
                              .spec = own, .rotary = rotary, .position = 32, .options = options}));
    };
    const auto before = state;
    CHECK_THROWS_WITH_AS(read(5, {}),
                         "CachedWindow.attend: a read at position 32 must end with its chunk, at "
                         "36, got 5 tokens",
                         RangeError);
    CHECK_THROWS_WITH_AS(read(4, {.slots = -1}), "Cache.offer: slots must not be negative, got -1",
                         RangeError);
    state.surprisal[state.surprisal.size() - 8] = std::numeric_limits<double>::infinity();
    CHECK_THROWS_WITH_AS(read(4, {}), "Cache.offer: the signal of token 24 is not finite",
                         NumberError);
    state.surprisal.resize(7);
    CHECK_THROWS_WITH_AS(read(4, {}),
                         "CachedWindow.attend: surprisal must be that of the last 8 tokens at "
                         "least, got 7: observe what is read",
                         RangeError);
    state.surprisal = before.surprisal;
    for_each_array([](const Leaf&, const auto& a, const auto& b) { CHECK(a == b); }, state, before);
    CHECK(state.cache.entries.table() == before.cache.entries.table());
    CHECK_NOTHROW(read(4, {}));
  }

  TEST_CASE("a window with a cache that is shorter than a chunk is refused before it reads") {
    using Chunk = Attend<With<Window{.length = own.chunk}>, Cache<3>>;
    using Less = Attend<With<Window{.length = own.chunk - 1}>, Cache<3>>;
    CHECK_NOTHROW(static_cast<void>(Chunk{}.tensors(own)));
    CHECK_THROWS_WITH_AS(static_cast<void>(Less{}.tensors(own)),
                         "a window with a cache must be at least a chunk", SpecError);
  }

  TEST_CASE("a window with a cache refuses states that no text leaves") {
    using Kept = Cache<3, evict::LowestKeepScore>;
    using Memory = CachedWindow<Kept>;
    const laws::CachedRows text(34, 80, 6);
    Memory::State<M> state;
    static_cast<void>(laws::read_cached<Kept>(own, text, state, 4));
    const auto refused = [&](Index position, auto change) {
      Memory::State<M> other = state;
      change(other);
      Memory{}.validate(other, position, laws::shape_of(own), own);
    };
    CHECK_NOTHROW(refused(34, [](auto&) {}));
    CHECK_THROWS_WITH_AS(refused(33, [](auto&) {}),
                         "CachedWindow: keys must be [9, 80], got [10, 80]", ShapeError);
    CHECK_THROWS_WITH_AS(refused(34, [](auto& s) { s.cache.entries.push_back({.position = 99}); }),
                         "CachedWindow: entries must be at most 3, got 4", RangeError);
    CHECK_THROWS_WITH_AS(refused(34, [](auto& s) { s.values = M(10, 3); }),
                         "CachedWindow: values must be [10, 80], got [10, 3]", ShapeError);
    CHECK_THROWS_WITH_AS(refused(34, [](auto& s) { s.keep = M(9, 1); }),
                         "CachedWindow: keep must be [10, 1], got [9, 1]", ShapeError);
    CHECK_THROWS_WITH_AS(refused(34, [](auto& s) { s.cache.keys = M(2, 80); }),
                         "CachedWindow: cache.keys must be [3, 80], got [2, 80]", ShapeError);
    CHECK_THROWS_WITH_AS(refused(34, [](auto& s) { s.surprisal.resize(9); }),
                         "CachedWindow: surprisal must be that of the latest tokens", RangeError);
    CHECK_THROWS_WITH_AS(
        refused(34, [](auto& s) { s.cache.entries.back().position = 28; }),
        doctest::Contains("CachedWindow: positions of entries must rise below 28, got 28"),
        RangeError);
  }
}

}  // namespace
