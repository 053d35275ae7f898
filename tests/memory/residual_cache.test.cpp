// SPDX-License-Identifier: Apache-2.0
#include <ttt/cpu/matrix.hpp>
#include <ttt/memory/residual_cache.hpp>

#include <doctest/doctest.h>

#include <initializer_list>
#include <vector>

#include "laws/numbers.hpp"

namespace {

using namespace ttt;
using M = Matrix<double>;

/// A cache whose hidden states are the positions of their tokens.
template <class Order = evict::LeastSurprisingForAge>
struct Subject {
  typename ResidualCache<Order>::template State<M> state{};
  Index slots = 3;

  struct Token {
    Index position;
    double surprisal;
  };
  Insertion insert(const std::vector<Token>& tokens) {
    std::vector<AgedEntry> entries;
    M hidden(std::ssize(tokens), 2);
    for (const Token& token : tokens) {
      AgedEntry entry;
      entry.position = token.position;
      entry.surprisal = token.surprisal;
      hidden.row(std::ssize(entries)).setConstant(static_cast<double>(token.position));
      entries.push_back(entry);
    }
    return ResidualCache<Order>::insert(state, hidden, entries, slots);
  }
  [[nodiscard]] std::vector<Index> positions() const {
    std::vector<Index> all;
    for (const AgedEntry& entry : state.entries) {
      all.push_back(entry.position);
      CHECK(state.hidden.row(std::ssize(all) - 1) ==
            Eigen::RowVector2d::Constant(static_cast<double>(entry.position)));
    }
    return all;
  }
  [[nodiscard]] std::vector<Index> ages() const {
    std::vector<Index> all;
    for (const AgedEntry& entry : state.entries) all.push_back(entry.age);
    return all;
  }
};

using Positions = std::vector<Index>;

TEST_SUITE("memory") {
  TEST_CASE("a newcomer displaces the resident of least surprisal for its age, and never itself") {
    Subject<> cache;
    cache.insert({{1, 5}, {2, 3}, {3, 4}});
    const Insertion done = cache.insert({{9, 0.1}});
    CHECK(cache.positions() == Positions{1, 3, 9});
    CHECK(cache.ages() == Positions{1, 1, 0});
    CHECK(done.inserted == 1);
    CHECK(done.evicted == 1);
    CHECK_FALSE(done.emptied);
    // 5 / 3 and 4 / 3 of the older ones are still more than 0.1 / 2.
    cache.insert({{10, 3}});
    CHECK(cache.positions() == Positions{1, 3, 10});
    // 4 / 4 is less than 3 / 2, though it surprised more.
    cache.insert({{11, 1}});
    CHECK(cache.positions() == Positions{1, 10, 11});
    CHECK(cache.ages() == Positions{3, 1, 0});
  }

  TEST_CASE("an empty insertion changes nothing and nobody grows older") {
    Subject<> cache;
    cache.insert({{1, 5}});
    const Insertion done = cache.insert({});
    CHECK(cache.ages() == Positions{0});
    CHECK(done.inserted == 0);
  }

  TEST_CASE("when every resident is in the way, the first newcomers are taken and others lost") {
    Subject<> cache;
    cache.insert({{1, 5}, {2, 5}});
    const Insertion done = cache.insert({{3, 1}, {4, 9}, {5, 9}, {6, 9}});
    CHECK(cache.positions() == Positions{3, 4, 5});
    CHECK(done.inserted == 3);
    CHECK(done.evicted == 2);
    CHECK(done.emptied);
  }

  TEST_CASE("of residents of one priority the one that stands first leaves") {
    Subject<> cache;
    cache.insert({{1, 2}, {2, 2}, {3, 2}});
    cache.insert({{4, 2}, {5, 2}});
    CHECK(cache.positions() == Positions{3, 4, 5});
  }

  TEST_CASE("any policy of a cache may say who leaves") {
    Subject<evict::Oldest> cache;
    cache.insert({{1, 9}, {2, 1}, {3, 1}});
    cache.insert({{4, 1}});
    CHECK(cache.positions() == Positions{2, 3, 4});
  }

  TEST_CASE("never more than the slots are kept, and residents keep their order") {
    Random random(1);
    Subject<> cache;
    cache.slots = 7;
    Index position = 0;
    for (int call = 0; call < 200; ++call) {
      std::vector<Subject<>::Token> tokens;
      for (Index n = random.below(11); n > 0; --n) tokens.push_back({position++, random.uniform()});
      cache.insert(tokens);
      const auto kept = cache.positions();
      CHECK(kept.size() <= 7);
      CHECK(std::ranges::is_sorted(kept));
    }
  }

  TEST_CASE("containment is the share of positions that are kept") {
    Subject<> cache;
    cache.insert({{1, 5}, {2, 3}});
    CHECK(containment(cache.state.entries, Positions{2, 3, 4, 1}) == 0.5);
  }
}

}  // namespace
