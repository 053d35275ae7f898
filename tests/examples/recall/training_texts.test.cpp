// SPDX-License-Identifier: Apache-2.0
#include "recall/training_texts.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "examples/recall/prose.hpp"

namespace {

using namespace ttt;
using haystacks::count;
using haystacks::prose;
using recall::Haystack;
using recall::TrainingText;
using recall::TrainingTexts;

/// The weighted runs; checks the shapes on the way.
std::vector<std::string> answers(const TrainingText& text, Index length) {
  REQUIRE(std::ssize(text.tokens) == length + 1);
  REQUIRE(std::ssize(text.loss_weight) == length);
  const std::string bytes = data::text(text.tokens);
  std::vector<std::string> runs{""};
  double sum = 0;
  for (std::size_t t = 0; t < text.loss_weight.size(); ++t) {
    sum += static_cast<double>(text.loss_weight[t]);
    if (text.loss_weight[t] > 0) runs.back() += bytes[t + 1];
    if (text.loss_weight[t] == 0 && !runs.back().empty()) runs.emplace_back();
  }
  if (runs.back().empty()) runs.pop_back();
  CHECK(sum == doctest::Approx(1).epsilon(1e-5));
  CHECK_FALSE(runs.empty());
  return runs;
}

TEST_SUITE("examples/recall") {
  TEST_CASE("what has a loss weight in an echo stood in the text before") {
    const TrainingTexts texts(Haystack({prose}));
    Random random(7);
    for (int i = 0; i < 200; ++i) {
      const TrainingText text = texts.echo(random, 128);
      const std::vector<std::string> runs = answers(text, 128);
      REQUIRE(runs.size() == 1);
      CHECK(runs.front().size() >= 15);
      CHECK(count(data::text(text.tokens), runs.front()) == 2);
    }
  }

  TEST_CASE("what is asked for in associations was told under the same key") {
    const TrainingTexts texts(Haystack({prose}));
    Random random(8);
    for (int i = 0; i < 300; ++i) {
      const Index length = 256 + 64 * (i % 4);
      const TrainingText text = texts.associations(random, length);
      const std::string bytes = data::text(text.tokens);
      for (const std::string& value : answers(text, length)) {
        CAPTURE(bytes);
        CHECK(count(bytes, value) >= 2);
        // The key stands behind "for " or "of ", before the first and before the last of them.
        const auto key_before = [&](std::size_t place) {
          const auto a = bytes.rfind(" for ", place);
          const auto b = bytes.rfind(" the number of ", place);
          const auto at =
              a == std::string::npos || (b != std::string::npos && b > a) ? b + 15 : a + 5;
          return bytes.substr(at, 7);
        };
        CHECK(key_before(bytes.find(value + '.')) == key_before(bytes.rfind(value + '.')));
      }
    }
  }

  TEST_CASE("answers about needles are in the text, once before") {
    const TrainingTexts texts(Haystack({prose}));
    Random random(6);
    for (const Index length : {256, 384, 512, 1024}) {
      for (int i = 0; i < 200; ++i) {
        const TrainingText text = texts.needles(random, length, 6);
        for (const std::string& value : answers(text, length)) {
          CHECK(count(data::text(text.tokens), value) == 2);
        }
      }
    }
  }

  TEST_CASE(
      "half of the needles are in other words than RULER's, and half of the values are UUIDs") {
    const TrainingTexts texts(Haystack({prose}));
    Random random(10);
    int ruler = 0;
    int uuids = 0;
    for (int i = 0; i < 1000; ++i) {
      const TrainingText text = texts.needles(random, 1024, 1);
      ruler += data::text(text.tokens).find("One of the special magic") != std::string::npos;
      uuids += answers(text, 1024).front().size() > 7;
    }
    CHECK(ruler > 440);  // the deviation is 16
    CHECK(ruler < 560);
    CHECK(uuids > 440);
    CHECK(uuids < 560);
  }

  TEST_CASE("a needle in a short text is put in words that leave room for it") {
    const TrainingTexts texts(Haystack({prose}));
    for (std::uint64_t seed = 7100; seed < 7200; ++seed) {  // in 7175 a longer sentence is drawn
      CAPTURE(seed);
      Random random(seed);
      CHECK(texts.needles(random, 256, 1).tokens.size() == 257);
    }
  }

  TEST_CASE("the byte that tells which answer it is counts as four") {
    const TrainingTexts texts(Haystack({prose}));
    Random random(9);
    const TrainingText text = texts.needles(random, 256, 1);
    std::vector<float> weights;
    for (const float weight : text.loss_weight) {
      if (weight > 0) weights.push_back(weight);
    }
    REQUIRE(weights.size() == 7);
    CHECK(weights[0] == doctest::Approx(0.4F));
    CHECK(weights[1] == doctest::Approx(0.1F));
    CHECK(weights[6] == doctest::Approx(0.1F));
  }

  TEST_CASE("a text too short for what it is to hold is refused") {
    const TrainingTexts texts(Haystack({prose}));
    Random random(8);
    const Random before = random;
    CHECK_THROWS_WITH_AS(static_cast<void>(texts.echo(random, 16)),
                         "TrainingTexts.echo: length must be at least 32, got 16", RangeError);
    CHECK_THROWS_AS(static_cast<void>(texts.associations(random, 255)), RangeError);
    CHECK_THROWS_AS(static_cast<void>(texts.needles(random, 255, 1)), RangeError);
    CHECK_THROWS_WITH_AS(static_cast<void>(texts.needles(random, 256, 65)),
                         "TrainingTexts.needles: most must be in 1..64, got 65", RangeError);
    CHECK_THROWS_AS(static_cast<void>(texts.needles(random, 256, 0)), RangeError);
    CHECK(random == before);
  }
}

}  // namespace
