// SPDX-License-Identifier: Apache-2.0
#include <tuple>
#include <type_traits>

#include "laws/cache.hpp"

namespace {

using namespace ttt;

constexpr ModelSpec spec(Index window) {
  return checked({.vocab = 2, .width = 80, .heads = 2, .hidden = 1, .window = window, .chunk = 4});
}

/// A cache with room for all of a text of 40 tokens.
template <class... Policies>
using Roomy = Cache<64, Policies...>;

using Keepers = std::tuple<
    Roomy<>, Roomy<evict::LeastSurprising, place::Absolute>, Roomy<evict::LeastWanted>,
    Roomy<signal::KeepScore, place::Absolute>, Roomy<evict::Oldest, signal::MeanSurprisal<2>>,
    Roomy<signal::MeanSurprisal<9>>, Roomy<signal::Reconstruction>, Roomy<evict::LeastAttended>,
    Roomy<evict::LeastRecentlyAttended, place::Absolute>, Roomy<evict::Random<5>>,
    Roomy<evict::PinFirst<3, evict::LeastSurprising>>,
    Roomy<evict::InOrder<evict::LeastRecentlyAttended, evict::LeastSurprising>>,
    Roomy<place::Nowhere>, Roomy<place::Nowhere, evict::LeastWanted, admit::AtLeast<2000>>,
    Roomy<admit::WithNeighbours<admit::AtLeast<4000>, 1>>, Roomy<admit::Nobody>,
    Roomy<signal::Sum<signal::Surprisal, signal::KeepScore>>, Roomy<fuse::Gated>,
    Roomy<fuse::Gated, place::Nowhere, evict::LeastWanted>,
    Roomy<evict::LeastAttended, fuse::Gated, place::Absolute>,
    Roomy<evict::LeastRecentlyAttended, fuse::Gated>>;

template <class Kept>
constexpr bool everybody = std::is_same_v<typename Kept::AdmitPolicy, admit::Everybody>;
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

TEST_SUITE("memory") {
  TEST_CASE_TEMPLATE_DEFINE(
      "a window with a cache is causal, answers what plain loops do, sees every token once at most "
      "and, where there is room, all",
      Kept, cached_window) {
    for_each_window([]<ModelSpec Spec>() {
      CAPTURE(Spec.window);
      laws::check_cache_agrees<Spec, Kept>();
      laws::check_cache_sight<Spec, Kept>(everybody<Kept>);
      laws::check_cache_causal<Spec, Kept, double>();
      if constexpr (everybody<Kept> && somewhere<Kept> && together<Kept>) {
        laws::check_cache_limit<Spec, Kept>();
      }
    });
  }
  TEST_CASE_TEMPLATE_APPLY(cached_window, Keepers);

  TEST_CASE("a window with a cache refuses reads that it cannot answer, and is then untouched") {
    using Kept = Cache<3>;
    using Memory = CachedWindow<Kept>;
    const laws::CachedRows text(32, 80, 5);
    Memory::State<Matrix<double>> state;
    static_cast<void>(laws::read_cached<spec(8), Kept>(text, state, 4));
    const RotaryTable<double> table(Memory::positions(spec(8)), 40, 10000, Rotary::interleaved);
    const auto read = [&](Index count, std::size_t known) {
      const Matrix<double> rows = Matrix<double>::Ones(count, 80);
      static_cast<void>(Memory::attend<spec(8)>(
          state, rows, rows, rows,
          {.rotary = &table, .position = 32, .surprisal = std::span(text.surprisal).first(known)}));
    };
    const auto before = state;
    CHECK_THROWS_WITH_AS(read(5, 32),
                         "CachedWindow.attend: a read at position 32 must end with its chunk, at "
                         "36, got 5 tokens",
                         RangeError);
    CHECK_THROWS_WITH_AS(
        read(4, 7), "CachedWindow.attend: surprisal must reach back 8 tokens, got 7", RangeError);
    for_each_array([](const Leaf&, const auto& a, const auto& b) { CHECK(a == b); }, state, before);
    CHECK(state.cache.entries.size() == before.cache.entries.size());
    CHECK_NOTHROW(read(4, 8));
  }
}

}  // namespace
