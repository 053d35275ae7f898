// SPDX-License-Identifier: Apache-2.0
#include "laws/evict.hpp"

#include <algorithm>
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

/// Their positions, in the order in which they leave.
template <class P>
std::vector<Index> leaving() {
  std::vector<Entry> entries{second, third, first};
  std::ranges::sort(entries, P{});
  return {entries[0].position, entries[1].position, entries[2].position};
}

using Order = std::vector<Index>;

TEST_SUITE("memory") {
  TEST_CASE_TEMPLATE(
      "every Evict is a strict weak order of entries", P, evict::LeastSurprising,
      evict::LeastWanted, evict::WeakestSignal, evict::Oldest, evict::LeastAttended,
      evict::LeastRecentlyAttended, evict::Random<1>, evict::PinFirst<20, evict::LeastSurprising>,
      evict::PinFirst<9, evict::Random<2>>,
      evict::InOrder<evict::WeakestSignal, evict::LeastAttended>,
      evict::InOrder<evict::LeastSurprising, evict::InOrder<evict::LeastWanted, evict::Oldest>>,
      evict::PinFirst<12, evict::InOrder<evict::LeastAttended, evict::Oldest>>) {
    laws::check_evict<P>();
  }

  TEST_CASE("an Evict lets leave first whom its name says") {
    CHECK(leaving<evict::LeastSurprising>() == Order{9, 4, 3});
    CHECK(leaving<evict::LeastWanted>() == Order{4, 3, 9});
    CHECK(leaving<evict::WeakestSignal>() == Order{3, 9, 4});
    CHECK(leaving<evict::Oldest>() == Order{3, 4, 9});
    CHECK(leaving<evict::LeastAttended>() == Order{9, 3, 4});
    CHECK(leaving<evict::LeastRecentlyAttended>() == Order{4, 3, 9});
  }

  TEST_CASE("LeastAttended lets stay whom no query could see yet") {
    Entry unseen = third;
    unseen.readers = 0;
    unseen.attended = 0;
    CHECK(evict::LeastAttended{}(second, unseen));
    CHECK(!evict::LeastAttended{}(unseen, second));
    Entry other = first;
    other.readers = 0;
    CHECK(!evict::LeastAttended{}(unseen, other));
    CHECK(!evict::LeastAttended{}(other, unseen));
  }

  TEST_CASE("PinFirst lets the first tokens of the text stay") {
    using Pinned = evict::PinFirst<4, evict::LeastSurprising>;
    CHECK(leaving<Pinned>() == Order{9, 4, 3});
    CHECK(leaving<evict::PinFirst<5, evict::Oldest>>() == Order{9, 3, 4});
    CHECK(leaving<evict::PinFirst<0, evict::Oldest>>() == leaving<evict::Oldest>());
    CHECK(leaving<evict::PinFirst<100, evict::Oldest>>() == leaving<evict::Oldest>());
  }

  TEST_CASE("InOrder asks the second order where the first leaves it open") {
    Entry alike = first;
    alike.position = 20;
    alike.keep = -7;
    using Then = evict::InOrder<evict::LeastSurprising, evict::LeastWanted>;
    CHECK(Then{}(alike, first));
    CHECK(!Then{}(first, alike));
    CHECK(Then{}(second, alike));  // although the second order says otherwise
    CHECK(evict::LeastWanted{}(alike, second));
  }

  TEST_CASE("Random is the same for a position, another for a seed, and even") {
    CHECK(leaving<evict::Random<1>>() == Order{4, 3, 9});  // on every machine
    int before = 0;
    int differ = 0;
    for (Index n = 0; n < 1000; ++n) {
      const Entry a{.position = 2 * n};
      const Entry b{.position = 2 * n + 1};
      before += evict::Random<1>{}(a, b);
      differ += evict::Random<1>{}(a, b) != evict::Random<2>{}(a, b);
    }
    CHECK(std::abs(before - 500) < 80);  // five standard deviations
    CHECK(std::abs(differ - 500) < 80);
  }

  TEST_CASE("an Evict asks for keep scores if a part of it reads them") {
    CHECK(detail::wants_keep_score<evict::LeastWanted>);
    CHECK(detail::wants_keep_score<evict::PinFirst<4, evict::LeastWanted>>);
    CHECK(detail::wants_keep_score<evict::InOrder<evict::Oldest, evict::LeastWanted>>);
    CHECK(!detail::wants_keep_score<evict::PinFirst<4, evict::Oldest>>);
    CHECK(!detail::wants_keep_score<evict::WeakestSignal>);
  }
}

}  // namespace
