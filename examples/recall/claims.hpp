// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>
#include <ttt/random.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "haystack.hpp"
#include "needles.hpp"
#include "values.hpp"

namespace recall {

using namespace ttt;

/// What else is told besides the value that is asked for.
enum class Beside {
  others,        ///< values under other keys, if anything
  later_value,   ///< another value under the same key, later
  first_value,   ///< another value under the same key, earlier
  other_letter,  ///< a value under a key that differs in a letter
  other_number,  ///< a value under a key that differs in the number at its end, by one
  other_word,    ///< a value under a key that differs in its second word
};

namespace detail {

/// `text` with every `{name}` replaced.
[[nodiscard]] inline std::string filled(std::string text, const std::string& name,
                                        std::string_view by) {
  const std::string mark = '{' + name + '}';
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + by.size())) {
    text.replace(at, mark.size(), by);
  }
  return text;
}

/// That key with another letter in its last word.
[[nodiscard]] inline std::string other_letter(Random& random, std::string key) {
  const auto word = static_cast<Index>(key.rfind('-')) + 1;
  char& letter = key[static_cast<std::size_t>(word + random.below(std::ssize(key) - word))];
  letter = static_cast<char>('a' + (letter - 'a' + 1 + random.below(25)) % 26);
  return key;
}

}  // namespace detail

/// One respect in which a text is unlike those of training, and so a question of what is recalled.
struct Claim {
  std::string group;                  ///< the respect
  std::string name;                   ///< which of several, in that respect
  std::string kind = "digits_7";      ///< of the values, by the name of a ValueKind
  std::string told = ruler_told();    ///< a sentence, with {noun}, {key} and {value}
  std::string asked = ruler_asked();  ///< as far as the value, with {noun} and {key}
  Index needles = 1;                  ///< keys that have values; one of them is asked for
  Beside beside = Beside::others;

  /// RULER's sentence.
  [[nodiscard]] static std::string ruler_told() {
    return "One of the special magic {noun}s for {key} is: {value}.";
  }
  /// RULER's question, with the answer as far as the value.
  [[nodiscard]] static std::string ruler_asked() {
    return "\nWhat is the special magic {noun} for {key} mentioned in the provided text? "
           "The special magic {noun} for {key} mentioned in the provided text is ";
  }

  /// A text of `length` bytes that tells a value, and asks for it at its end.
  ///
  /// \throws RangeError if the length has no room for what is told and asked.
  [[nodiscard]] NeedleSample draw(Random& random, const Haystack& haystack, Index length,
                                  KeyWords words) const {
    const std::string noun(value_kind(kind).noun);
    std::vector<Secret> all = secrets(random, words);
    const std::size_t wanted = beside == Beside::first_value ? all.size() - 1 : 0;
    std::swap(all.front(), all[wanted]);
    std::vector<double> shares(all.size());
    std::ranges::generate(shares, [&] { return random.uniform(); });
    if (beside == Beside::later_value || beside == Beside::first_value) std::ranges::sort(shares);

    const std::string question =
        detail::filled(detail::filled(asked, "noun", noun), "key", all[wanted].key);
    std::vector<std::string> sentences;
    Index rest = length - std::ssize(question);
    for (const Secret& secret : all) {
      const std::string sentence =
          detail::filled(detail::filled(told, "noun", noun), "key", secret.key);
      sentences.push_back(detail::filled(sentence, "value", secret.value));
      rest -= std::ssize(sentences.back()) + 1;
    }
    if (rest < 0) {
      throw RangeError("Claim.draw: length must have room for " + std::to_string(length - rest) +
                       " bytes, got " + std::to_string(length));
    }
    auto [text, begins] = Haystack::hide(haystack.prose(random, rest), sentences, shares);
    const auto value_at = sentences[wanted].rfind(all[wanted].value);
    return {.text = std::move(text) + question,
            .secret = all[wanted],
            .needle_begin = begins[wanted],
            .value_begin = begins[wanted] + static_cast<Index>(value_at)};
  }

 private:
  /// The value that is asked for, then the others.
  [[nodiscard]] std::vector<Secret> secrets(Random& random, KeyWords words) const {
    std::vector<Secret> all = Secret::draw(random, needles, words, false);
    Secret other = all.front();
    if (beside == Beside::other_letter) other.key = detail::other_letter(random, other.key);
    if (beside == Beside::other_number) {
      const Index number = 10 + random.below(89);
      all.front().key += '-' + std::to_string(number);
      other.key += '-' + std::to_string(number + 1);
    }
    while (beside == Beside::other_word && other.key == all.front().key) {
      const std::string next = Secret::draw(random, words, false).key;
      other.key =
          all.front().key.substr(0, all.front().key.find('-')) + next.substr(next.find('-'));
    }
    if (beside != Beside::others) all.push_back(std::move(other));
    const ValueKind& values = value_kind(kind);
    for (Secret& secret : all) {
      do {
        secret.value = values.draw(random);
      } while (&secret != &all.front() && secret.value == all.front().value);
      secret.uuid = values.noun == "uuid";
    }
    return all;
  }
};

/// What can be claimed of a model that recalls, whether it holds or not. The claim about digits_7
/// is the control of every group: its texts are like those of training.
[[nodiscard]] inline std::vector<Claim> claims() {
  std::vector<Claim> all;
  all.reserve(value_kinds.size() + 16);
  for (const ValueKind& kind : value_kinds) {
    all.push_back(
        {.group = "value", .name = std::string(kind.name), .kind = std::string(kind.name)});
  }
  const auto tell = [&](const char* name, const char* words) {
    all.push_back({.group = "told", .name = name, .told = words});
  };
  tell("take_note", "Take note: the magic {noun} that belongs to {key} is {value}.");
  tell("label", "{key}, {noun} {value}.");
  tell("value_first", "{value} is the {noun} that we have for {key}.");
  tell("speech", "\"As for {key},\" she said, \"its {noun} must be {value}.\"");
  const auto ask = [&](const char* name, const char* words) {
    all.push_back({.group = "asked", .name = name, .asked = words});
  };
  ask("statement", "\nThe magic {noun} that belongs to {key} is ");
  ask("question", "\nQuestion: which {noun} was given for {key}?\nAnswer: ");
  ask("remember", "\nDo you remember the {noun} of {key}? It was ");
  for (const Index needles : {4, 8, 16, 32}) {
    all.push_back({.group = "needles", .name = std::to_string(needles), .needles = needles});
  }
  all.push_back({.group = "two_values", .name = "first", .beside = Beside::later_value});
  all.push_back({.group = "two_values", .name = "later", .beside = Beside::first_value});
  all.push_back({.group = "near_key", .name = "letter", .beside = Beside::other_letter});
  all.push_back({.group = "near_key", .name = "number", .beside = Beside::other_number});
  all.push_back({.group = "near_key", .name = "word", .beside = Beside::other_word});
  return all;
}

}  // namespace recall
