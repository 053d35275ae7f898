// SPDX-License-Identifier: Apache-2.0
#include <ttt/data/batches.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <map>
#include <numeric>
#include <vector>

namespace {

using namespace ttt;

/// Tokens first, first + 1, ..., so that a token tells its document and place.
std::vector<Token> counting(Index size, Token first) {
  std::vector<Token> tokens(static_cast<std::size_t>(size));
  std::iota(tokens.begin(), tokens.end(), first);
  return tokens;
}

TEST_SUITE("data") {
  TEST_CASE("a batch is windows of length + 1 consecutive tokens of one document") {
    const data::Batches batches({counting(5, 0), counting(40, 1000), counting(20, 2000)});
    Random random(7);
    const data::Batch batch = batches.draw(random, {.batch = 100, .length = 4});
    REQUIRE(batch.size() == 100);
    for (const auto& sequence : batch) {
      REQUIRE(sequence.size() == 5);
      CHECK(sequence == counting(5, sequence.front()));
      const Token document = sequence.front() / 1000;
      CHECK(sequence.back() < std::vector{5, 1040, 2020}[static_cast<std::size_t>(document)]);
    }
  }

  TEST_CASE("documents are drawn in proportion to their length and starts alike") {
    const data::Batches batches({counting(10, 0), counting(30, 1000)});
    CHECK(batches.tokens() == 40);
    Random random(1);
    constexpr Index draws = 40'000;
    std::map<Token, double> share;
    for (const auto& sequence : batches.draw(random, {.batch = draws, .length = 8}))
      share[sequence.front()] += 1.0 / draws;
    // Two starts share the short document's quarter, 22 the long one's three quarters. Six standard
    // deviations of the larger share are 0.01.
    CHECK(share.size() == 24);
    for (const auto& [start, seen] : share) {
      CAPTURE(start);
      CHECK(std::abs(seen - (start < 1000 ? 0.25 / 2 : 0.75 / 22)) < 0.01);
    }
  }

  TEST_CASE("a document too short for the length is never drawn, one that just fits is") {
    const data::Batches batches({counting(4, 0), counting(5, 1000)});
    Random random(3);
    for (const auto& sequence : batches.draw(random, {.batch = 50, .length = 4}))
      CHECK(sequence == counting(5, 1000));
  }

  TEST_CASE("a run that resumes from the two integers draws the same batches") {
    const data::Batches batches({counting(100, 0), counting(300, 1000)});
    Random random(11);
    (void)batches.draw(random, {.batch = 3, .length = 16});
    Random resumed(random.seed(), random.drawn());
    for (const Index length : {16, 64, 8})
      CHECK(batches.draw(random, {.batch = 3, .length = length}) ==
            batches.draw(resumed, {.batch = 3, .length = length}));
    CHECK(random == resumed);
  }

  TEST_CASE("batches cannot be drawn from nothing") {
    CHECK_THROWS_WITH_AS(data::Batches({}), "Batches: documents must hold a token, got none",
                         RangeError);
    CHECK_THROWS_AS(data::Batches({{}, {}}), RangeError);
  }

  TEST_CASE("a size that no document can serve is refused before anything is drawn") {
    const data::Batches batches({counting(10, 0), counting(30, 1000)});
    Random random(5);
    CHECK_THROWS_WITH_AS((void)batches.draw(random, {.batch = 1, .length = 30}),
                         "Batches.draw: length must be in 1..29, got 30", RangeError);
    CHECK_THROWS_WITH_AS((void)batches.draw(random, {.batch = 1, .length = 0}),
                         "Batches.draw: length must be in 1..29, got 0", RangeError);
    CHECK_THROWS_WITH_AS((void)batches.draw(random, {.batch = 0, .length = 4}),
                         "Batches.draw: batch must be positive, got 0", RangeError);
    CHECK(random == Random(5));
  }
}

}  // namespace
