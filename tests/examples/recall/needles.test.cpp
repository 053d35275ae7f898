// SPDX-License-Identifier: Apache-2.0
#include "recall/needles.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "examples/recall/prose.hpp"

namespace {

using namespace ttt;
using haystacks::count;
using haystacks::prose;
using recall::Haystack;
using recall::KeyWords;
using recall::Needles;
using recall::NeedleSample;
using recall::NeedleSetting;
using recall::NeedleTask;

TEST_SUITE("examples/recall") {
  TEST_CASE("a sample has its length, one needle with the value where it says, and the question") {
    const Needles needles(Haystack({prose}));
    for (const NeedleTask task : {NeedleTask::s_niah_1, NeedleTask::s_niah_2, NeedleTask::s_niah_3,
                                  NeedleTask::multi_key}) {
      for (const double depth : {0.0, 0.3, 1.0}) {
        CAPTURE(depth);
        Random random(1);
        const NeedleSample sample =
            needles.sample(random, {.task = task, .length = 1000, .depth = depth});
        CHECK(std::ssize(sample.text) == 1000);
        const auto& [key, value, uuid] = sample.secret;
        CHECK(uuid == (task == NeedleTask::s_niah_3));
        CHECK(value.size() == (uuid ? 36 : 7));
        CHECK(count(sample.text, value) == 1);
        CHECK(sample.text.substr(static_cast<std::size_t>(sample.value_begin), value.size()) ==
              value);
        CHECK(sample.text.substr(static_cast<std::size_t>(sample.needle_begin))
                  .starts_with(sample.secret.needle()));
        CHECK(sample.text.ends_with(sample.secret.question()));
        CHECK(count(sample.text, "One of the special magic") ==
              (task == NeedleTask::multi_key ? 4 : 1));
        CHECK(count(sample.text, "The grass is green.") ==
              (task == NeedleTask::s_niah_1 ? count(sample.text, "The sky is blue.") : 0));
      }
    }
  }

  TEST_CASE("words to be trained with are many, and never those to be tested with") {
    Random random(3);
    std::set<std::string> sentences;
    const recall::Secret secret{.key = "amber-anchor", .value = "1234567"};
    for (int i = 0; i < 4000; ++i) {
      const std::string needle = secret.needle(recall::Wording::draw(random, false));
      CHECK(needle.find("number") < needle.find("amber-anchor"));
      CHECK(needle.ends_with("1234567."));
      sentences.insert(needle);
    }
    CHECK(sentences.size() > 350);
    CHECK_FALSE(sentences.contains(secret.needle()));
    CHECK_FALSE(sentences.contains(secret.needle(recall::Phrasing::other)));
    for (const std::string_view word : {"Take", "magic", "belongs"}) {
      CHECK(std::ranges::none_of(sentences, [&](const std::string& sentence) {
        return sentence.find(word) != std::string::npos;
      }));
    }
    CHECK(recall::Wording::draw(random, true).before.find("uuid") != std::string::npos);
  }

  TEST_CASE("depth says where the needle is") {
    const Needles needles(Haystack({prose}));
    const auto place = [&](double depth) {
      Random random(2);
      return needles.sample(random, {.length = 4000, .depth = depth}).needle_begin;
    };
    CHECK(place(0) < 60);
    CHECK(place(0.5) > 1700);
    CHECK(place(0.5) < 2100);
    CHECK(place(1) > 3600);
  }

  TEST_CASE("half of the words that keys are made of is held out") {
    Random random(3);
    std::set<std::string> known;
    std::set<std::string> unknown;
    for (int i = 0; i < 500; ++i) {
      known.insert(recall::Secret::draw(random, KeyWords::training, false).key);
      unknown.insert(recall::Secret::draw(random, KeyWords::held_out, false).key);
    }
    for (const std::string& key : unknown) {
      const std::string noun = key.substr(key.find('-') + 1);
      const std::string adjective = key.substr(0, key.find('-'));
      for (const std::string& other : known) {
        CHECK_FALSE(other.ends_with('-' + noun));
        CHECK_FALSE(other.starts_with(adjective + '-'));
      }
    }
  }

  TEST_CASE("an impossible sample hides another value") {
    const Needles needles(Haystack({prose}));
    Random random(4);
    const NeedleSample sample = needles.sample(random, {.length = 900, .impossible = true});
    CHECK(count(sample.text, sample.secret.value) == 0);
    CHECK(count(sample.text, "One of the special magic numbers for " + sample.secret.key) == 1);
  }

  TEST_CASE("a needle can be hidden in a given text") {
    Random random(9);
    const recall::Secret secret = recall::Secret::draw(random, KeyWords::training, false);
    const std::string text = "And it was so. And there was light. The end.";
    const NeedleSample sample = recall::hide(text, secret, 20);
    CHECK(sample.text == "And it was so. " + secret.needle() + " And there was light. The end." +
                             secret.question());
    CHECK(sample.needle_begin == 15);
    CHECK(sample.text.substr(static_cast<std::size_t>(sample.value_begin), 7) == secret.value);
    CHECK(recall::hide(text, secret, 44).text == text + secret.needle() + ' ' + secret.question());
    CHECK_THROWS_WITH_AS(static_cast<void>(recall::hide(text, secret, 45)),
                         "hide: near must be in 0..44, got 45", RangeError);
  }

  TEST_CASE("equal seeds draw equal samples") {
    const Needles needles(Haystack({prose}));
    Random one(5);
    Random two(5);
    CHECK(needles.sample(one, {}).text == needles.sample(two, {}).text);
    CHECK(one == two);
    CHECK(needles.sample(one, {}).text != needles.sample(two, {.depth = 0.9}).text);
  }

  TEST_CASE("what cannot be is refused") {
    const Needles needles(Haystack({prose}));
    Random random(8);
    const Random before = random;
    CHECK_THROWS_AS(static_cast<void>(needles.sample(random, {.length = 100})), RangeError);
    CHECK_THROWS_WITH_AS(static_cast<void>(needles.sample(random, {.depth = 1.5})),
                         "Needles.sample: depth must be in [0, 1], got 1.5", RangeError);
    CHECK_THROWS_WITH_AS(
        static_cast<void>(recall::Secret::draw(random, 1025, recall::KeyWords::training, false)),
        "Secret.draw: count must be at most 1024, got 1025", RangeError);
    CHECK(random == before);
  }
}

}  // namespace
