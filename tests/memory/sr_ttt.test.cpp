// SPDX-License-Identifier: Apache-2.0
#include <ttt/cpu/matrix.hpp>
#include <ttt/memory/sr_ttt.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "laws/numbers.hpp"

namespace {

using namespace ttt;
using M = Matrix<double>;
using Positions = std::vector<Index>;

/// A cache whose hidden states are the positions of their tokens.
template <class Order = evict::LeastSurprisingForAge>
struct Subject {
  typename ResidualCache<Order>::template State<M> state{};
  Index slots = 3;

  struct Token {
    Index position;
    double surprisal;
  };
  void insert(const std::vector<Token>& tokens) {
    std::vector<Entry> entries;
    M hidden(std::ssize(tokens), 2);
    for (const Token& token : tokens) {
      hidden.row(std::ssize(entries)).setConstant(static_cast<double>(token.position));
      entries.push_back({.position = token.position, .surprisal = token.surprisal});
    }
    ResidualCache<Order>{}.insert(state, hidden, entries, slots);
  }
  [[nodiscard]] Positions positions() const {
    Positions all;
    for (const Entry& entry : state.entries) {
      all.push_back(entry.position);
      CHECK(state.hidden.row(std::ssize(all) - 1) ==
            Eigen::RowVector2d::Constant(static_cast<double>(entry.position)));
    }
    return all;
  }
  [[nodiscard]] Positions ages() const {
    Positions all;
    for (const Entry& entry : state.entries) all.push_back(entry.insertions);
    return all;
  }
};

TEST_SUITE("memory") {
  TEST_CASE("a newcomer displaces the resident of least surprisal for its age, and never itself") {
    Subject<> cache;
    cache.insert({{1, 5}, {2, 3}, {3, 4}});
    cache.insert({{9, 0.1}});
    CHECK(cache.positions() == Positions{1, 3, 9});
    CHECK(cache.ages() == Positions{1, 1, 0});
    // 5 / 3 and 4 / 3 of the older ones are still more than 0.1 / 2.
    cache.insert({{10, 3}});
    CHECK(cache.positions() == Positions{1, 3, 10});
    // 4 / 4 is less than 3 / 2, though its surprisal was higher.
    cache.insert({{11, 1}});
    CHECK(cache.positions() == Positions{1, 10, 11});
    CHECK(cache.ages() == Positions{3, 1, 0});
  }

  TEST_CASE("an empty insertion changes nothing, ages included") {
    Subject<> cache;
    cache.insert({{1, 5}});
    cache.insert({});
    CHECK(cache.positions() == Positions{1});
    CHECK(cache.ages() == Positions{0});
  }

  TEST_CASE("when every resident is in the way, the first newcomers are stored and others lost") {
    Subject<> cache;
    cache.insert({{1, 5}, {2, 5}});
    cache.insert({{3, 1}, {4, 9}, {5, 9}, {6, 9}});
    CHECK(cache.positions() == Positions{3, 4, 5});
    CHECK(cache.ages() == Positions{0, 0, 0});
  }

  TEST_CASE("of residents of one priority the one that stands first is evicted") {
    Subject<> cache;
    cache.insert({{1, 2}, {2, 2}, {3, 2}});
    cache.insert({{4, 2}, {5, 2}});
    CHECK(cache.positions() == Positions{3, 4, 5});
  }

  TEST_CASE("any order of eviction can be that of a residual cache") {
    Subject<evict::Oldest> cache;
    cache.insert({{1, 9}, {2, 1}, {3, 1}});
    cache.insert({{4, 1}});
    CHECK(cache.positions() == Positions{2, 3, 4});
  }

  TEST_CASE("never more than the slots are stored, and residents stay in their order") {
    Random random(1);
    Subject<> cache;
    cache.slots = 7;
    Index position = 0;
    for (int call = 0; call < 200; ++call) {
      std::vector<Subject<>::Token> tokens;
      for (Index n = random.below(11); n > 0; --n) tokens.push_back({position++, random.uniform()});
      cache.insert(tokens);
      const auto stored = cache.positions();
      CHECK(stored.size() <= 7);
      CHECK(std::ranges::is_sorted(stored));
    }
  }

  TEST_CASE("containment is the share of positions that are stored") {
    Subject<> cache;
    cache.insert({{1, 5}, {2, 3}});
    CHECK(containment(cache.state.entries, Positions{2, 3, 4, 1}) == 0.5);
  }

  TEST_CASE("percentile is a number of the window, or on the line between two") {
    const std::vector<double> numbers{4, 1, 3, 2};
    CHECK(percentile(numbers, 0) == 1);
    CHECK(percentile(numbers, 50) == 2.5);
    CHECK(percentile(numbers, 100) == 4);
    CHECK(percentile(std::vector<double>{7}, 95) == 7);
  }

  TEST_CASE("the first window sets the threshold, later ones move it") {
    const PercentileFilter filter{.percent = 50, .decay = 0.75, .share = 0, .part = 2};
    const std::vector<double> losses{1, 3, 2};
    CHECK(filter(losses, std::nullopt).threshold == 2);
    CHECK(filter(losses, 6).threshold == 5);
  }

  TEST_CASE("a token is flagged if it is above the threshold in a part that surprises") {
    const PercentileFilter filter{.percent = 50, .decay = 1, .share = 0.8, .part = 2};
    const Flagged flagged = filter(std::vector<double>{0, 11, 9, 12, 10}, 10);
    CHECK(flagged.above == std::vector<bool>{false, true, false, true, false});
    CHECK(flagged.tokens == std::vector<bool>{false, false, false, true, false});
    // The last part has one token and is divided by two.
    CHECK(flagged.part_mean == std::vector<double>{5.5, 5.5, 10.5, 10.5, 5});
  }

  TEST_CASE("what only equals the threshold, or the share of it, is not flagged") {
    const PercentileFilter filter{.percent = 50, .decay = 1, .share = 0.5, .part = 2};
    CHECK(filter(std::vector<double>{10, 2}, 10).above[0] == false);
    const Flagged equal = filter(std::vector<double>{8, 0}, 8 - 1e-9);
    CHECK(equal.above[0]);
    CHECK(equal.tokens[0]);
    CHECK(filter(std::vector<double>{8, -1e-6}, 8 - 1e-9).tokens[0] == false);
  }

  TEST_CASE("a loss that is no number flags nothing that a number would not") {
    const double none = std::numeric_limits<double>::quiet_NaN();
    const Flagged flagged = PercentileFilter{.percent = 95}(
        std::vector<double>{none, 1, none, 2, 3, none}, std::nullopt);
    CHECK(std::ranges::count(flagged.tokens, true) == 0);
  }
}

}  // namespace
