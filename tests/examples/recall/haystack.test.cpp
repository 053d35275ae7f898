// SPDX-License-Identifier: Apache-2.0
#include "recall/haystack.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {

using namespace ttt;
using recall::Haystack;

TEST_SUITE("examples/recall") {
  TEST_CASE("prose is a piece of the texts, one after the other, from anywhere") {
    const Haystack hay({"abcdefgh", "ABCDEFGH"});
    const std::string around = "abcdefghABCDEFGHabcdefghABCDEFGHabcdefgh";
    Random random(1);
    bool other_start = false;
    for (int i = 0; i < 50; ++i) {
      const std::string piece = hay.prose(random, 20);
      REQUIRE(piece.size() == 20);
      CHECK(around.find(piece) != std::string::npos);
      other_start = other_start || around.find(piece) != around.find(hay.prose(random, 20));
    }
    CHECK(other_start);
    CHECK(hay.prose(random, 0).empty());
  }

  TEST_CASE("noise says the same again and again") {
    Random random(2);
    const std::string noise = Haystack::noise(random, 500);
    CHECK(noise.size() == 500);
    CHECK(noise.find("There and back again.") != std::string::npos);
    CHECK(noise.substr(0, 300) == noise.substr(noise.find(noise.substr(0, 80), 1), 300));
  }

  TEST_CASE("a sentence ends behind its full stop and space") {
    const std::string text = "One. Two words. Three";
    CHECK(Haystack::sentence_end(text, 0) == 5);
    CHECK(Haystack::sentence_end(text, 0.2) == 5);
    CHECK(Haystack::sentence_end(text, 0.7) == 16);
    CHECK(Haystack::sentence_end(text, 1) == 21);
    CHECK(Haystack::sentence_end("", 0.5) == 0);
  }

  TEST_CASE("there must be prose") {
    CHECK_THROWS_WITH_AS(Haystack(std::vector<std::string>()), "Haystack: prose must not be empty",
                         RangeError);
    CHECK_THROWS_AS(Haystack({"", "x"}), RangeError);
  }
}

}  // namespace
