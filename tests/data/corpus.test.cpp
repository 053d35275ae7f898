// SPDX-License-Identifier: Apache-2.0
#include <ttt/data/bytes.hpp>
#include <ttt/data/corpus.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

using namespace ttt;

const data::Corpus corpus{{"one", "a"}, {"two", "bc"}, {"three", "d"}};

TEST_SUITE("data") {
  TEST_CASE("hold_out parts the corpus by title and keeps its order") {
    const auto [training, held_out] =
        data::hold_out(corpus, std::vector<std::string>{"three", "one"});
    CHECK(training == data::Corpus{{"two", "bc"}});
    CHECK(held_out == data::Corpus{{"one", "a"}, {"three", "d"}});
  }

  TEST_CASE("hold_out takes every document of a title") {
    const auto [training, held_out] =
        data::hold_out({{"one", "a"}, {"two", "b"}, {"one", "c"}}, std::vector<std::string>{"one"});
    CHECK(training.size() == 1);
    CHECK(held_out == data::Corpus{{"one", "a"}, {"one", "c"}});
  }

  TEST_CASE("hold_out refuses a title that the corpus does not have") {
    CHECK_THROWS_WITH_AS((void)data::hold_out(corpus, std::vector<std::string>{"one", "four"}),
                         "hold_out: title must be in the corpus, got four", RangeError);
  }

  TEST_CASE("encode makes one sequence of each document") {
    CHECK(data::encode(corpus, data::bytes) ==
          std::vector<std::vector<Token>>{{97}, {98, 99}, {100}});
  }
}

}  // namespace
