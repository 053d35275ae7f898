// SPDX-License-Identifier: Apache-2.0
#include "reference/cache.hpp"

#include <ttt/layer/layer.hpp>
#include <ttt/memory/cached_window.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "laws/entries.hpp"
#include "laws/numbers.hpp"

namespace {

using namespace ttt;

using M = Matrix<double>;
using Positions = std::vector<Index>;

/// A cache that is offered tokens whose key, value and keep score tell their position.
template <class Kept>
struct Filled {
  typename Kept::template State<M> state;

  void offer(const std::vector<Entry>& entries, const reference::Room& room = {1000, {}}) {
    std::vector<double> surprisal;
    for (const Entry& entry : entries) surprisal.push_back(entry.surprisal);
    offer(laws::offers_of(entries, surprisal), room);
  }
  void offer(const std::vector<Offer>& offers, const reference::Room& room) {
    const Index count = std::ssize(offers);
    const Index now = offers.back().entry.position + 3;
    M rows(count, 2);
    for (Index n = 0; n < count; ++n) rows.row(n).setConstant(position(offers[size(n)].entry));
    const M keep = Kept::wants.keep_score ? M(3 * rows.leftCols(1)) : M();
    const M values = 2 * rows;
    Kept::offer(state, {.keys = rows, .values = values, .keep = keep, .offers = offers}, now,
                {.slots = room.slots, .pinned = room.pinned});
  }

  [[nodiscard]] Positions kept() const {
    Positions found;
    for (const Entry& entry : state.entries) found.push_back(entry.position);
    return found;
  }

  /// Keys, values and keep scores are those of the entries.
  void check_rows() const {
    const Index count = std::ssize(state.entries);
    REQUIRE(state.keys.rows() == count);
    REQUIRE(state.values.rows() == count);
    REQUIRE(state.keep.rows() == (Kept::wants.keep_score ? count : 0));
    for (Index n = 0; n < count; ++n) {
      const double at = position(state.entries[size(n)]);
      CHECK(state.keys(n, 1) == at);
      CHECK(state.values(n, 0) == 2 * at);
      if (Kept::wants.keep_score) CHECK(state.keep(n, 0) == 3 * at);
    }
  }

 private:
  static std::size_t size(Index n) { return static_cast<std::size_t>(n); }
  static double position(const Entry& entry) { return static_cast<double>(entry.position); }
};

/// Tokens from `first` on with these surprisals.
std::vector<Entry> tokens(Index first, const std::vector<double>& surprisal) {
  std::vector<Entry> entries;
  for (const double nats : surprisal) entries.push_back({.position = first++, .surprisal = nats});
  return entries;
}

/// An order that counts how often it is asked.
struct Counted {
  static inline Index asked = 0;
  bool operator()(const Entry& a, const Entry& b) const {
    ++asked;
    return a.signal < b.signal;
  }
};
using Counting = Cache<1000, Counted>;

/// How often the order is asked when a full cache of `slots` is offered `rounds` batches.
template <class SignalOf>
Index comparisons(Index slots, Index batch, Index rounds, SignalOf signal_of) {
  Filled<Counting> cache;
  Index next = 0;
  const auto batch_of = [&](Index count) {
    std::vector<double> surprisal;
    for (Index n = 0; n < count; ++n) surprisal.push_back(signal_of(next + n));
    next += count;
    return tokens(next - count, surprisal);
  };
  cache.offer(batch_of(slots), {slots, {}});
  Counted::asked = 0;
  for (Index round = 0; round < rounds; ++round) cache.offer(batch_of(batch), {slots, {}});
  return Counted::asked;
}

TEST_SUITE("memory") {
  TEST_CASE_TEMPLATE("a cache stores what sorting everything would", Kept, Cache<7>,
                     Cache<1, evict::LeastSurprising>, Cache<7, evict::LowestKeepScore>,
                     Cache<7, evict::Oldest>,
                     Cache<9, evict::LeastAttendedOnAverage, admit::AtLeast>,
                     Cache<6, evict::LeastSurprisingForAge>, Cache<7, evict::LeastRecentlyAttended>,
                     Cache<12, With<evict::Random{.seed = 3}>,
                           With<admit::WithNeighbours<admit::AtLeast>{.first = {.threshold = 3}}>>,
                     Cache<7, With<evict::PinFirst<evict::LeastSurprising>{.count = 5}>>,
                     Cache<7, With<signal::MeanSurprisal{.reach = 2}>,
                           evict::InOrder<evict::WeakestSignal, evict::Random>>,
                     Cache<8, place::Absolute, admit::None>, Cache<8, signal::KeepScore>) {
    Random random(1);
    for (const reference::Room& room :
         {reference::Room{1000, {}}, {3, {}}, {0, {}}, {6, {2, 9, 40}}, {2, {1, 2, 3, 4, 5, 30}}}) {
      CAPTURE(room.slots);
      Filled<Kept> cache;
      std::vector<Entry> expected;
      Index read = 0;
      for (int round = 0; round < 40; ++round) {
        auto entries = laws::drawn_entries(1 + random.below(6), random);
        std::vector<double> surprisal;
        for (Entry& entry : entries) {
          entry.position += read;
          surprisal.push_back(entry.surprisal);
        }
        read = entries.back().position + 1;
        const auto offers = laws::offers_of(entries, surprisal);
        expected = reference::offer<Kept>(expected, offers, room, entries.back().position + 3);
        cache.offer(offers, room);
        REQUIRE(cache.state.entries.size() == expected.size());
        for (std::size_t n = 0; n < expected.size(); ++n) {
          CHECK(cache.state.entries[n].position == expected[n].position);
          CHECK(cache.state.entries[n].signal == expected[n].signal);
          CHECK(cache.state.entries[n].attended_at == expected[n].attended_at);
          CHECK(cache.state.entries[n].now == expected[n].now);
          CHECK(cache.state.entries[n].insertions == expected[n].insertions);
        }
        cache.check_rows();
      }
    }
  }

  TEST_CASE("a full cache stores what beats its weakest, in the order of the text") {
    Filled<Cache<3>> cache;
    cache.offer(tokens(0, {5, 1}));
    CHECK(cache.kept() == Positions{0, 1});
    cache.offer(tokens(2, {4, 2, 3}));
    CHECK(cache.kept() == Positions{0, 2, 4});
    cache.offer(tokens(5, {0, 2.5}));
    CHECK(cache.kept() == Positions{0, 2, 4});
    cache.offer(tokens(7, {9}));
    CHECK(cache.kept() == Positions{0, 2, 7});
    cache.check_rows();
  }

  TEST_CASE("of two that the order holds for equal, the older is evicted") {
    Filled<Cache<2>> cache;
    cache.offer(tokens(0, {1, 1, 1}));
    CHECK(cache.kept() == Positions{1, 2});
    cache.offer(tokens(3, {1}));
    CHECK(cache.kept() == Positions{2, 3});
    cache.offer(tokens(4, {0.5, 1, 0.5}));
    CHECK(cache.kept() == Positions{3, 5});
  }

  TEST_CASE("a cache uses no more slots than its options say, and evicts what it stored beyond") {
    Filled<Cache<5>> cache;
    cache.offer(tokens(0, {5, 4, 3, 2, 1}));
    CHECK(cache.kept().size() == 5);
    cache.offer(tokens(5, {0, 6}), {2, {}});
    CHECK(cache.kept() == Positions{0, 6});
    cache.offer(tokens(7, {9, 9}), {0, {}});
    CHECK(cache.kept().empty());
    cache.check_rows();
    cache.offer(tokens(9, {1}));
    CHECK(cache.kept() == Positions{9});
  }

  TEST_CASE("an entry at a pinned position stays, and needs no admission") {
    Filled<Cache<2, With<admit::AtLeast{.threshold = 3}>>> cache;
    cache.offer(tokens(0, {0, 5, 6, 7}), {1000, {0}});
    CHECK(cache.kept() == Positions{0, 3});
    cache.offer(tokens(4, {8, 1, 9}), {1000, {0, 5}});
    CHECK(cache.kept() == Positions{0, 5});
    cache.offer(tokens(7, {8}), {1000, {0, 5}});
    CHECK(cache.kept() == Positions{0, 5});
    cache.offer(tokens(8, {8}));  // no longer pinned
    CHECK(cache.kept() == Positions{5, 8});
    cache.check_rows();
  }

  TEST_CASE("a cache that admits nothing stays empty") {
    Filled<Cache<4, admit::None>> cache;
    cache.offer(tokens(0, {5, 6, 7}));
    CHECK(cache.kept().empty());
    cache.check_rows();
  }

  TEST_CASE("a cache takes policies in any order, and has its defaults") {
    using Plain = Cache<4>;
    CHECK(std::is_same_v<Plain::SignalPolicy, signal::Surprisal>);
    CHECK(std::is_same_v<Plain::AdmitPolicy, admit::All>);
    CHECK(std::is_same_v<Plain::EvictPolicy, evict::WeakestSignal>);
    CHECK(std::is_same_v<Plain::PlacePolicy, place::Rank>);
    CHECK(std::is_same_v<Plain::FusePolicy, fuse::OneSoftmax>);
    CHECK(!Plain::wants.keep_score);
    CHECK(!CachedWindow<Plain>::gated);
    using Other = Cache<4, place::Nowhere, fuse::Gated, evict::LowestKeepScore, signal::KeepScore,
                        admit::None>;
    CHECK(std::is_same_v<Other::SignalPolicy, signal::KeepScore>);
    CHECK(std::is_same_v<Other::AdmitPolicy, admit::None>);
    CHECK(std::is_same_v<Other::EvictPolicy, evict::LowestKeepScore>);
    CHECK(std::is_same_v<Other::PlacePolicy, place::Nowhere>);
    CHECK(std::is_same_v<Other::FusePolicy, fuse::Gated>);
    CHECK(Other::wants.keep_score);
    CHECK(CachedWindow<Other>::gated);
    CHECK(std::is_same_v<Cache<4, fuse::OneSoftmax, evict::Oldest>::FusePolicy, fuse::OneSoftmax>);
  }

  TEST_CASE("a signal that is no number is refused, and the cache is then untouched") {
    Filled<Cache<2>> cache;
    cache.offer(tokens(0, {5, 6}));
    const double none = std::numeric_limits<double>::quiet_NaN();
    CHECK_THROWS_WITH_AS(cache.offer(tokens(2, {7, none})),
                         "Cache.offer: the signal of token 3 is not finite", NumberError);
    CHECK_THROWS_WITH_AS(cache.offer(tokens(2, {std::numeric_limits<double>::infinity()})),
                         "Cache.offer: the signal of token 2 is not finite", NumberError);
    CHECK(cache.kept() == Positions{0, 1});
    cache.check_rows();
  }

  TEST_CASE("a negative number of slots is refused, and the cache is then untouched") {
    Filled<Cache<2>> cache;
    cache.offer(tokens(0, {5, 6}));
    CHECK_THROWS_WITH_AS(cache.offer(tokens(2, {7}), {-1, {}}),
                         "Cache.offer: slots must not be negative, got -1", RangeError);
    CHECK(cache.kept() == Positions{0, 1});
    cache.check_rows();
  }

  TEST_CASE("a batch is offered in time that grows with slots and batch, not with their product") {
    Random random(2);
    const std::vector<double> drawn = [&] {
      std::vector<double> numbers;
      for (int n = 0; n < 5000; ++n) numbers.push_back(random.normal());
      return numbers;
    }();
    const auto any = [&](Index n) { return drawn[static_cast<std::size_t>(n)]; };
    const auto rising = [](Index n) { return static_cast<double>(n); };
    const auto falling = [](Index n) { return -static_cast<double>(n); };
    const auto alike = [](Index) { return 1.0; };
    constexpr Index rounds = 10;
    const auto check = [&](const auto& signal_of) {
      for (const Index slots : {16, 64, 256, 1000}) {
        for (const Index batch : {1, 16, 256}) {
          const Index asked = comparisons(slots, batch, rounds, signal_of);
          CAPTURE(slots);
          CAPTURE(batch);
          CAPTURE(asked);
          CHECK(asked >= rounds * (slots + batch) / 2);  // it does look at every entry
          CHECK(asked <= 7 * rounds * (slots + batch));
        }
      }
    };
    check(any);
    check(rising);
    check(falling);
    check(alike);
  }
}

}  // namespace
