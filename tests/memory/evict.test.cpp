// SPDX-License-Identifier: Apache-2.0
#include "laws/evict.hpp"

#include <ttt/layer/layer.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace {

using namespace ttt;

/// Three tokens, each last in another respect.
constexpr Entry first{.position = 3,
                      .surprisal = 5,
                      .keep = 0,
                      .signal = -1,
                      .attended = 1,
                      .readers = 4,
                      .attended_at = 9};
constexpr Entry second{.position = 4,
                       .surprisal = 2,
                       .keep = -2,
                       .signal = 1,
                       .attended = 3,
                       .readers = 4,
                       .attended_at = 8};
constexpr Entry third{.position = 9,
                      .surprisal = 1,
                      .keep = 1,
                      .signal = 0,
                      .attended = 2,
                      .readers = 20,
                      .attended_at = 10};

/// Their positions, in the order in which they are evicted.
std::vector<Index> evicted(const auto& order) {
  std::vector<Entry> entries{second, third, first};
  std::ranges::sort(entries, order);
  return {entries[0].position, entries[1].position, entries[2].position};
}

using Order = std::vector<Index>;

TEST_SUITE("memory") {
  TEST_CASE_TEMPLATE(
      "every Evict is a strict weak order of entries", P, evict::LeastSurprising,
      evict::LowestKeepScore, evict::WeakestSignal, evict::Oldest, evict::LeastAttendedOnAverage,
      evict::LeastRecentlyAttended, evict::LeastSurprisingForAge, evict::Random,
      evict::LeastAttendedInTotal, evict::LeastAttendedByLast, evict::LeastRetained,
      With<evict::PinFirst<evict::Oldest>{.count = 9}>,
      With<evict::PinFirst<evict::LeastSurprising>{.count = 20}>,
      With<evict::PinFirst<evict::Random>{.count = 9, .then = {.seed = 2}}>,
      evict::InOrder<evict::WeakestSignal, evict::LeastAttendedOnAverage>,
      evict::InOrder<evict::LeastSurprising, evict::InOrder<evict::LowestKeepScore, evict::Oldest>>,
      With<evict::PinFirst<evict::InOrder<evict::LeastAttendedOnAverage, evict::Oldest>>{.count =
                                                                                             12}>) {
    laws::check_evict<P>();
  }

  TEST_CASE("an Evict evicts first what its name says") {
    CHECK(evicted(evict::LeastSurprising{}) == Order{9, 4, 3});
    CHECK(evicted(evict::LowestKeepScore{}) == Order{4, 3, 9});
    CHECK(evicted(evict::WeakestSignal{}) == Order{3, 9, 4});
    CHECK(evicted(evict::Oldest{}) == Order{3, 4, 9});
    CHECK(evicted(evict::LeastAttendedOnAverage{}) == Order{9, 3, 4});
    CHECK(evicted(evict::LeastRecentlyAttended{}) == Order{4, 3, 9});
  }

  TEST_CASE("LeastAttendedInTotal looks at the sum, LeastAttendedByLast at the last query") {
    Entry early = first;  // read by many
    early.attended = 6;
    early.readers = 100;
    Entry late = second;  // an attention of 3 of 4 queries
    CHECK(evict::LeastAttendedInTotal{}(late, early));
    CHECK(evict::LeastAttendedOnAverage{}(early, late));
    CHECK(evicted(evict::LeastAttendedInTotal{}) == Order{3, 9, 4});
    early.attended_last = 0.1;
    late.attended_last = 0.2;
    CHECK(evict::LeastAttendedByLast{}(early, late));
    CHECK(!evict::LeastAttendedByLast{}(late, early));
    late.attended_last = early.attended_last;
    CHECK(!evict::LeastAttendedByLast{}(early, late));
  }

  TEST_CASE("LeastRetained compares powers of retentions by age") {
    const auto entry = [](Index position, double retention) {
      return Entry{.position = position, .log_retention = std::log(retention), .now = 10};
    };
    const Entry old = entry(0, 0.9);    // 0.9^10 = 0.349
    const Entry young = entry(8, 0.5);  // 0.5^2 = 0.25
    const Entry newest = entry(9, 0.4);
    CHECK(evict::LeastRetained{}(young, old));
    CHECK(!evict::LeastRetained{}(old, young));
    CHECK(evict::LeastRetained{}(old, newest));  // 0.349 before 0.4
    Entry later = old;
    later.now = 15;  // 0.9^15 = 0.206
    CHECK(evict::LeastRetained{}(later, young));
  }

  TEST_CASE("LeastSurprisingForAge divides the surprisal by how often others were offered since") {
    Entry aged = first;  // a surprisal of 5
    aged.insertions = 1;
    CHECK(evict::LeastSurprisingForAge{}(second, aged));  // 2 before 5 / 2
    aged.insertions = 2;
    CHECK(evict::LeastSurprisingForAge{}(aged, second));  // 5 / 3 before 2
  }

  TEST_CASE("LeastAttendedOnAverage evicts last what no query could see yet") {
    Entry unseen = third;
    unseen.readers = 0;
    unseen.attended = 0;
    CHECK(evict::LeastAttendedOnAverage{}(second, unseen));
    CHECK(!evict::LeastAttendedOnAverage{}(unseen, second));
    Entry other = first;
    other.readers = 0;
    CHECK(!evict::LeastAttendedOnAverage{}(unseen, other));
    CHECK(!evict::LeastAttendedOnAverage{}(other, unseen));
  }

  TEST_CASE("PinFirst evicts the first tokens of the text last") {
    CHECK(evicted(evict::PinFirst<evict::LeastSurprising>{.count = 4}) == Order{9, 4, 3});
    CHECK(evicted(evict::PinFirst<evict::Oldest>{.count = 5}) == Order{9, 3, 4});
    CHECK(evicted(evict::PinFirst<evict::Oldest>{.count = 0}) == evicted(evict::Oldest{}));
    CHECK(evicted(evict::PinFirst<evict::Oldest>{.count = 100}) == evicted(evict::Oldest{}));
  }

  TEST_CASE("InOrder takes the second order where the first leaves it open") {
    Entry alike = first;
    alike.position = 20;
    alike.keep = -7;
    using Then = evict::InOrder<evict::LeastSurprising, evict::LowestKeepScore>;
    CHECK(Then{}(alike, first));
    CHECK(!Then{}(first, alike));
    CHECK(Then{}(second, alike));  // although the second order says otherwise
    CHECK(evict::LowestKeepScore{}(alike, second));
  }

  TEST_CASE("Random is the same for a position, another for a seed, and even") {
    CHECK(evicted(evict::Random{.seed = 1}) == Order{4, 3, 9});  // on every machine
    int before = 0;
    int differ = 0;
    for (Index n = 0; n < 1000; ++n) {
      const Entry a{.position = 2 * n};
      const Entry b{.position = 2 * n + 1};
      before += evict::Random{}(a, b);
      differ += evict::Random{}(a, b) != evict::Random{.seed = 2}(a, b);
    }
    CHECK(std::abs(before - 500) < 80);  // five standard deviations
    CHECK(std::abs(differ - 500) < 80);
  }

  TEST_CASE("an Evict reads keep scores if a part of it does") {
    CHECK(detail::traits_of<evict::LowestKeepScore>.keep_score);
    CHECK(detail::traits_of<evict::PinFirst<evict::LowestKeepScore>>.keep_score);
    CHECK(detail::traits_of<evict::InOrder<evict::Oldest, evict::LowestKeepScore>>.keep_score);
    CHECK(!detail::traits_of<With<evict::PinFirst<evict::Oldest>{.count = 2}>>.keep_score);
    CHECK(!detail::traits_of<evict::WeakestSignal>.keep_score);
    CHECK(detail::traits_of<evict::PinFirst<evict::LeastRetained>>.retention);
    CHECK(
        detail::traits_of<evict::InOrder<evict::LeastAttendedByLast, evict::Oldest>>.window_attention);
  }
}

}  // namespace
