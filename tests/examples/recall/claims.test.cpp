// SPDX-License-Identifier: Apache-2.0
#include "recall/claims.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "examples/recall/prose.hpp"

namespace {

using namespace ttt;
using haystacks::count;
using haystacks::prose;
using recall::Beside;
using recall::Claim;
using recall::Haystack;
using recall::KeyWords;
using recall::NeedleSample;

/// The sample's value and what is asked, as the text has them.
void check_sound(const Claim& claim, const NeedleSample& sample, Index length) {
  const auto& [text, secret, needle_begin, value_begin] = sample;
  CHECK(std::ssize(text) == length);
  CHECK(text.substr(static_cast<std::size_t>(value_begin), secret.value.size()) == secret.value);
  CHECK(needle_begin <= value_begin);
  const bool words = claim.kind == "word" || claim.kind == "passphrase";
  CHECK((words || count(text, secret.value) == 1));
  CHECK(text.find('{') == std::string::npos);
  CHECK(text.find(secret.key, text.size() - 250) != std::string::npos);
}

TEST_SUITE("examples/recall") {
  TEST_CASE("every claim has a name of its own, and samples that tell what they ask for") {
    const Haystack haystack({prose});
    std::set<std::pair<std::string, std::string>> names;
    Random random(1);
    for (const Claim& claim : recall::claims()) {
      CAPTURE(claim.group);
      CAPTURE(claim.name);
      CHECK(names.emplace(claim.group, claim.name).second);
      for (int i = 0; i < 20; ++i) {
        const auto words = i % 2 == 0 ? KeyWords::training : KeyWords::held_out;
        check_sound(claim, claim.draw(random, haystack, 4000, words), 4000);
      }
    }
  }

  TEST_CASE("words that claims tell and ask with are RULER's or none of training") {
    const recall::Secret secret{.key = "amber-anchor", .value = "1234567"};
    const auto fill = [&](std::string text) {
      text = recall::detail::filled(std::move(text), "noun", "number");
      text = recall::detail::filled(std::move(text), "key", secret.key);
      return recall::detail::filled(std::move(text), "value", secret.value);
    };
    CHECK(fill(Claim::ruler_told()) == secret.needle());
    CHECK(fill(Claim::ruler_asked()) == secret.question());
    std::set<std::string> trained;
    Random random(3);
    for (int i = 0; i < 4000; ++i) {
      trained.insert(secret.needle(recall::Wording::draw(random, false)));
    }
    for (const Claim& claim : recall::claims()) {
      CHECK_FALSE(trained.contains(fill(claim.told)));
      if (claim.group != "told") CHECK(claim.told == Claim::ruler_told());
      if (claim.group != "asked") CHECK(claim.asked == Claim::ruler_asked());
    }
  }

  TEST_CASE("of two values under a key the first or the later is asked for") {
    const Haystack haystack({prose});
    Random random(4);
    const std::string begins = "One of the special magic numbers for ";
    for (int i = 0; i < 100; ++i) {
      for (const Beside beside : {Beside::later_value, Beside::first_value}) {
        const Claim claim{.group = "two_values", .name = "", .beside = beside};
        const NeedleSample sample = claim.draw(random, haystack, 900, KeyWords::training);
        const auto& text = sample.text;
        CHECK(count(text, begins + sample.secret.key) == 2);
        const auto at = beside == Beside::later_value ? text.find(begins) : text.rfind(begins);
        CHECK(sample.needle_begin == static_cast<Index>(at));
      }
    }
  }

  TEST_CASE("the other key is near the one that is asked for") {
    const Haystack haystack({prose});
    Random random(5);
    const std::string begins = "One of the special magic numbers for ";
    for (int i = 0; i < 100; ++i) {
      for (const Beside beside : {Beside::other_letter, Beside::other_number, Beside::other_word}) {
        const Claim claim{.group = "near_key", .name = "", .beside = beside};
        const auto sample = claim.draw(random, haystack, 900, KeyWords::held_out);
        const auto key_at = [&](std::size_t at) {
          const auto from = at + begins.size();
          return sample.text.substr(from, sample.text.find(" is: ", from) - from);
        };
        std::string other = key_at(sample.text.find(begins));
        if (other == sample.secret.key) other = key_at(sample.text.rfind(begins));
        CAPTURE(other);
        const std::string& key = sample.secret.key;
        CAPTURE(key);
        CHECK(other != key);
        CHECK(other.substr(0, other.find('-')) == key.substr(0, key.find('-')));
        if (beside == Beside::other_word) continue;
        const auto number = [](const std::string& k) { return std::stoi(k.substr(k.size() - 2)); };
        if (beside == Beside::other_number) {
          CHECK(other.substr(0, other.rfind('-')) == key.substr(0, key.rfind('-')));
          CHECK(number(other) == number(key) + 1);
        } else {
          REQUIRE(other.size() == key.size());
          CHECK(std::ranges::mismatch(key, other).in1 != key.end());
          CHECK(std::equal(std::ranges::mismatch(key, other).in1 + 1, key.end(),
                           std::ranges::mismatch(key, other).in2 + 1));
        }
      }
    }
  }

  TEST_CASE("a text without room for what is told and asked is refused") {
    const Haystack haystack({prose});
    Random random(6);
    const Claim claim{.group = "needles", .name = "32", .needles = 32};
    CHECK_THROWS_AS(static_cast<void>(claim.draw(random, haystack, 1000, KeyWords::training)),
                    RangeError);
  }
}

}  // namespace
