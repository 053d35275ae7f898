// SPDX-License-Identifier: Apache-2.0
#include "recall/values.hpp"

#include <doctest/doctest.h>

#include <map>
#include <regex>
#include <set>
#include <string>

#include "recall/needles.hpp"

namespace {

using namespace ttt;

TEST_SUITE("examples/recall") {
  TEST_CASE("values have the form of their kind, and are not always the same") {
    const std::map<std::string, std::string, std::less<>> forms{
        {"digits_4", "[1-9][0-9]{3}"},
        {"digits_7", "[1-9][0-9]{6}"},
        {"digits_10", "[1-9][0-9]{9}"},
        {"digits_16", "[1-9][0-9]{15}"},
        {"hexadecimal_16", "[0-9a-f]{16}"},
        {"uuid", "[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}"},
        {"word", "[a-z]{5,7}"},
        {"date", "([1-9]|1[0-9]|2[0-8]) [A-Z][a-z]+ (19|20)[0-9]{2}"},
        {"phone_number", "\\+[1-9][0-9] [0-9]{3} [0-9]{3} [0-9]{4}"},
        {"name", "[A-Z][a-z]+ [A-Z][a-z]+"},
        {"passphrase", "[a-z]+( [a-z]+){3}"},
        {"money", "\\$[1-9][0-9]?,[0-9]{3}\\.[0-9]{2}"},
    };
    Random random(1);
    for (const recall::ValueKind& kind : recall::value_kinds) {
      CAPTURE(kind.name);
      const auto form = forms.find(kind.name);
      REQUIRE(form != forms.end());
      std::set<std::string> drawn;
      for (int i = 0; i < 100; ++i) {
        const std::string value = kind.draw(random);
        CAPTURE(value);
        CHECK(std::regex_match(value, std::regex(form->second)));
        drawn.insert(value);
      }
      CHECK(drawn.size() > 25);
    }
  }

  TEST_CASE("the kinds that texts to be trained on hide are those of Secret") {
    Random random(2);
    for (const bool uuid : {false, true}) {
      const auto& kind = recall::value_kind(uuid ? "uuid" : "digits_7");
      CHECK(kind.trained);
      CHECK(kind.draw(random).size() ==
            recall::Secret::draw(random, recall::KeyWords::training, uuid).value.size());
    }
    CHECK(std::ranges::count(recall::value_kinds, true, &recall::ValueKind::trained) == 2);
  }

  TEST_CASE("no word of a value is one of a key") {
    for (const auto word : recall::detail::value_words) {
      CHECK(std::ranges::find(recall::detail::nouns, word) == recall::detail::nouns.end());
      CHECK(std::ranges::find(recall::detail::adjectives, word) ==
            recall::detail::adjectives.end());
    }
  }

  TEST_CASE("a kind of value that is not there is refused by name") {
    CHECK_THROWS_WITH_AS(static_cast<void>(recall::value_kind("colour")),
                         "value_kind: name must be that of a kind, got colour", RangeError);
  }
}

}  // namespace
