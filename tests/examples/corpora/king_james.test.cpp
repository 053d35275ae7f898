// SPDX-License-Identifier: Apache-2.0
#include "corpora/king_james.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace {

using namespace ttt;

constexpr std::string_view printed =
    "Mal4:6 And he shall turn the heart\n"
    "1Sm3:10 And the LORD came, and stood\n"
    "1Sm3:11 And the LORD said to Samuel\n"
    "Mat1:1 The book of the generation\n";

TEST_SUITE("examples/corpora") {
  TEST_CASE("king_james begins a document where the book changes and strips the labels") {
    CHECK(corpora::king_james(printed) ==
          data::Corpus{{"Mal", "And he shall turn the heart\n"},
                       {"1Sm", "And the LORD came, and stood\nAnd the LORD said to Samuel\n"},
                       {"Mat", "The book of the generation\n"}});
  }

  TEST_CASE("king_james with its labels kept is the printed text cut into books") {
    std::string joined;
    for (const auto& book : corpora::king_james(printed, corpora::Labels::keep))
      joined += book.text;
    CHECK(joined == printed);
  }

  TEST_CASE("king_james strips one label a line and no more") {
    CHECK(corpora::king_james("Ge1:1 Ex2:2 In the beginning\n")[0].text ==
          "Ex2:2 In the beginning\n");
  }

  TEST_CASE("king_james needs no newline at the end") {
    CHECK(corpora::king_james("Ge1:1 In the beginning")[0].text == "In the beginning\n");
    CHECK(corpora::king_james("").empty());
  }

  TEST_CASE("king_james refuses a line without a label and says which") {
    CHECK_THROWS_WITH_AS((void)corpora::king_james("Ge1:1 In the beginning\nGod created\n"),
                         "king_james: line 2 must begin with a label such as 'Ge1:1 ', got "
                         "'God created'",
                         FormatError);
    for (const std::string_view label :
         {"1:1 x", "Ge1 x", "Ge1: x", "Ge:1 x", "Ge1:1x", "Ge1:1", "12Ge1:1 x", " Ge1:1 x", ""}) {
      CAPTURE(label);
      CHECK_THROWS_AS((void)corpora::king_james(std::string(label) + "\n"), FormatError);
    }
  }
}

}  // namespace
