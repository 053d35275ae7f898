// SPDX-License-Identifier: Apache-2.0
#include "compare/prompts.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "examples/recall/prose.hpp"

namespace {

using namespace ttt;
using compare::Needle;
using compare::Prompt;
using compare::Prompts;
using recall::NeedleTask;

const std::string noise_line =
    "The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again.";

/// The published prompt around a context.
std::string published(const std::string& what, const std::string& key, const std::string& context) {
  return "A special magic " + what +
         " is hidden within the following text. Make sure to memorize it. I will quiz you about "
         "the " +
         what + " afterwards.\n" + context + "\nWhat is the special magic " + what + " for " + key +
         " mentioned in the provided text? The special magic " + what + " for " + key +
         " mentioned in the provided text is";
}

/// The context of a prompt of that length, if its frame is the published one.
std::string context_of(const Prompt& prompt, const std::string& what) {
  const std::string frame = published(what, prompt.secret.key, "");
  const std::size_t begin = frame.find('\n') + 1;
  const std::string context = prompt.text.substr(begin, prompt.text.size() - frame.size());
  CHECK(prompt.text == published(what, prompt.secret.key, context));
  return context;
}

TEST_SUITE("examples/compare") {
  TEST_CASE("S-NIAH-1 has the published form: a number in lines of noise") {
    const Prompts prompts({haystacks::prose});
    Random random(1);
    for (int i = 0; i < 30; ++i) {
      const Prompt prompt = prompts.draw(random, NeedleTask::s_niah_1, 1024);
      std::string context = context_of(prompt, "number");
      const std::string needle = "One of the special magic numbers for " + prompt.secret.key +
                                 " is: " + prompt.secret.value + ".";
      CHECK(prompt.secret.value.size() == 7);
      CHECK(haystacks::count(context, needle) == 1);
      Index lines = 0;
      Index needles = 0;
      context += '\n';
      for (std::size_t at = 0; at < context.size();) {
        const std::size_t end = context.find('\n', at);
        const std::string line = context.substr(at, end - at);
        needles += line == needle ? 1 : 0;
        CHECK((line == needle || line == noise_line));
        lines += 1;
        at = end + 1;
      }
      CHECK(needles == 1);
      CHECK(lines == 8);  // seven lines of noise have room
    }
  }

  TEST_CASE("S-NIAH-2 and 3 hide a number and a UUID behind a sentence of prose") {
    const Prompts prompts({haystacks::prose});
    Random random(2);
    for (const bool uuid : {false, true}) {
      const std::string what = uuid ? "uuid" : "number";
      const Prompt prompt =
          prompts.draw(random, uuid ? NeedleTask::s_niah_3 : NeedleTask::s_niah_2, 2000);
      const std::string context = context_of(prompt, what);
      const std::string needle = "One of the special magic " + what + "s for " + prompt.secret.key +
                                 " is: " + prompt.secret.value + ".";
      CHECK(prompt.secret.value.size() == (uuid ? 36 : 7));
      const std::size_t at = context.find(needle);
      REQUIRE(at != std::string::npos);
      CHECK((at == 0 || context.substr(at - 2, 2) == ". "));
      CHECK(context.find('\n') == std::string::npos);
      const auto value = static_cast<std::size_t>(prompt.value_begin);
      CHECK(prompt.text.substr(value, prompt.secret.value.size()) == prompt.secret.value);
    }
  }

  TEST_CASE("a prompt and its answer fill the length, but for less than a sentence") {
    const Prompts prompts({haystacks::prose});
    Random random(3);
    for (const Index length : {600, 1024, 5000}) {
      const Prompt prompt = prompts.draw(random, NeedleTask::s_niah_2, length);
      const Index all = std::ssize(prompt.text) + prompt.answer_length();
      CHECK(all <= length);
      CHECK(all > length - 64);
    }
    CHECK_THROWS_AS(static_cast<void>(prompts.draw(random, NeedleTask::s_niah_2, 300)), RangeError);
  }

  TEST_CASE("a prompt without its needle asks the same and does not have the value") {
    const Prompts prompts({haystacks::prose});
    Random random(4);
    Random same(4);
    const Prompt there = prompts.draw(random, NeedleTask::s_niah_2, 1000);
    const Prompt removed = prompts.draw(same, NeedleTask::s_niah_2, 1000, Needle::removed);
    CHECK(there.secret.value == removed.secret.value);
    CHECK(removed.text.find(there.secret.value) == std::string::npos);
    CHECK(removed.value_begin == -1);
    CHECK_FALSE(removed.in_window(1 << 20));
    std::string without = there.text;
    const std::string needle = there.secret.needle();
    const std::size_t at = without.find(needle);
    without.erase(at, needle.size() + 1);
    CHECK(std::ssize(without) == std::ssize(removed.text));
  }

  TEST_CASE("a value is in the window while all of it is") {
    const Prompt prompt{.text = std::string(100, '.'),
                        .secret = {.key = "a-b", .value = "1234567"},
                        .value_begin = 60};
    CHECK(prompt.in_window(40));
    CHECK_FALSE(prompt.in_window(39));
  }

  TEST_CASE("an answer is right if the value is in it, in upper or lower case") {
    CHECK(compare::answers(" AB-12.", "ab-12"));
    CHECK_FALSE(compare::answers(" ab-1", "ab-12"));
    CHECK_FALSE(compare::answers("", "ab-12"));
  }

  TEST_CASE("sentences end with a full stop, a question or a cry, and white space is one space") {
    CHECK(compare::sentences_of("He said:\nGo.  Who?\n\nI! 3.5 more") ==
          std::vector<std::string>{"He said: Go.", "Who?", "I!", "3.5 more"});
    CHECK(compare::sentences_of(" \n").empty());
    CHECK_THROWS_WITH_AS(Prompts({" "}), "Prompts: prose must have a sentence, got none",
                         RangeError);
  }
}

}  // namespace
