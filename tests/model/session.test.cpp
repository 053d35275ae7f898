// SPDX-License-Identifier: Apache-2.0
#include "laws/session.hpp"

namespace {

using namespace ttt;
using laws::Small;

using Reading = Session<Small>;

const Reading::Options learning{.inner = {.optimiser = {.rate = 0.1, .max_norm = 0.5}}};
constexpr Index chunk = Small::spec.chunk;

std::vector<Token> text(Index count, std::uint64_t seed) {
  Random random(seed);
  return laws::drawn_tokens(count, Small::spec.vocab, random);
}

TEST_SUITE("model") {
  TEST_CASE("A session's first token was predicted by nothing") {
    const auto params = laws::lively_params<Small, float>(1);
    Reading session(params, learning);
    CHECK(session.logits().rows() == 0);
    CHECK(session.position() == 0);
    CHECK(session.read(text(1, 1))[0] == doctest::Approx(std::log(13.0)));
    CHECK(session.logits().cols() == 13);
    CHECK(session.position() == 1);
  }

  TEST_CASE("Reading in any parts, and token by token, is reading whole to rounding") {
    laws::check_session_streaming<Small, float>(learning, 20);
  }

  TEST_CASE("A token changes no surprisal before its own, bit for bit, while a session learns") {
    const auto params = laws::lively_params<Small, float>(2);
    const auto tokens = text(4 * chunk + 2, 2);
    Reading first(params, learning);
    const auto before = first.read(tokens);
    for (std::size_t changed = 0; changed < tokens.size(); ++changed) {
      auto others = tokens;
      others[changed] = (others[changed] + 1) % Small::spec.vocab;
      Reading session(params, learning);
      const auto after = session.read(others);
      CAPTURE(changed);
      for (std::size_t t = 0; t < changed; ++t) CHECK(after[t] == before[t]);
      if (changed > 0) CHECK(after[changed] != before[changed]);
      CHECK(session.logits() != first.logits());
    }
  }

  TEST_CASE("The step on a chunk waits until the token behind it is known") {
    const auto params = laws::lively_params<Small, float>(3);
    Reading session(params, learning);
    const auto start = fast_weights(params);
    session.read(text(chunk, 3));
    CHECK(session.state().fast == start);
    session.read(text(1, 4));
    CHECK(session.state().fast != start);
    CHECK(session.state().chunk.size() == 1);
  }

  TEST_CASE("Without learning the fast weights keep their bits, and no chunk is kept for a step") {
    const auto params = laws::lively_params<Small, float>(4);
    Reading session(params, {.inner = learning.inner, .learning = Learning::off});
    session.read(text(20 * chunk, 5));
    CHECK(session.state().fast == fast_weights(params));
    CHECK(session.state().border.rows.size() == 0);
    CHECK(session.state().velocity.empty());
  }

  TEST_CASE("A chunk that was read in part without learning is not learned from, nor is the next") {
    const auto params = laws::lively_params<Small, float>(4);
    const auto tokens = text(3 * chunk, 5);
    const std::span all(tokens);
    const Reading::Options off{.inner = learning.inner, .learning = Learning::off};
    Reading session(params, learning);
    session.read(all.first(3));  // learning, in the first chunk
    Reading deaf = Reading(params, off).continued(session.state());
    deaf.read(all.subspan(3, chunk));  // into the second chunk
    Reading again = Reading(params, learning).continued(deaf.state());
    again.read(all.subspan(3 + chunk, chunk));  // into the third
    CHECK(again.state().fast == fast_weights(params));
    CHECK(again.state().chunk.size() == 3);
    again.read(text(chunk, 6));  // into the fourth: the third was read whole
    CHECK(again.state().fast != fast_weights(params));
  }

  TEST_CASE("A copy goes on as the original does, and assigning it back rewinds, in mid-chunk") {
    const auto params = laws::lively_params<Small, float>(5);
    const auto tokens = text(7 * chunk, 6);
    for (const std::size_t cut : {std::size_t{3}, std::size_t{5}, std::size_t{18}}) {
      CAPTURE(cut);
      const std::span past = std::span(tokens).first(cut);
      const std::span future = std::span(tokens).subspan(cut);
      Reading session(params, learning);
      session.read(past);
      const Reading saved = session;
      const auto first = session.read(future);
      Reading copy = saved;
      CHECK(copy.read(future) == first);
      laws::check_equal(copy, session);
      session.read(text(9, 7));
      session = saved;
      laws::check_equal(session, saved);
      CHECK(session.read(future) == first);
      laws::check_equal(copy, session);
    }
  }

  TEST_CASE("A session's size does not grow with the text") {
    const auto params = laws::lively_params<Small, float>(6);
    Reading session(params, learning);
    Index largest = 0;
    for (int i = 0; i < 20; ++i) {
      for (const Token token : text(chunk, 8)) {
        session.read(std::vector{token});
        if (i < 5) {
          largest = std::max(largest, session.bytes());
        } else {
          CHECK(session.bytes() <= largest);
        }
      }
    }
    Index fast = 0;
    for (const auto& w : session.state().fast) fast += w.size();
    CHECK(session.bytes() > fast * static_cast<Index>(sizeof(float)));
  }

  TEST_CASE("A session reads what it generates") {
    const auto params = laws::lively_params<Small, float>(7);
    Reading session(params, learning);
    session.read(text(3, 9));
    Reading reader = session;
    const auto tokens = session.generate(2 * chunk + 1, Greedy{});
    REQUIRE(tokens.size() == 2 * chunk + 1);
    CHECK(tokens[0] == Greedy{}(numbers(reader.logits())));
    for (const Token token : tokens) reader.read(std::vector{token});
    laws::check_equal(session, reader);
    CHECK(session.generate(0, Greedy{}).empty());
  }

  TEST_CASE("A session refuses tokens outside the vocabulary and is then untouched") {
    const auto params = laws::lively_params<Small, float>(8);
    Reading session(params, learning);
    CHECK_THROWS_WITH_AS(session.generate(1, Greedy{}), "Session.generate: nothing was read before",
                         RangeError);
    session.read(text(chunk, 10));  // the next token makes the session learn
    const Reading before = session;
    CHECK_THROWS_WITH_AS(session.read(std::vector<Token>{1, 13}),
                         "Session.read: token must be in 0..12, got 13 at 1", RangeError);
    CHECK_THROWS_WITH_AS(session.read(std::vector<Token>{-1}),
                         "Session.read: token must be in 0..12, got -1 at 0", RangeError);
    laws::check_equal(session, before);
  }

  TEST_CASE("Reading nothing changes nothing") {
    const auto params = laws::lively_params<Small, float>(9);
    Reading session(params, learning);
    session.read(text(chunk, 11));
    const Reading before = session;
    CHECK(session.read(std::vector<Token>{}).empty());
    laws::check_equal(session, before);
  }
}

}  // namespace
