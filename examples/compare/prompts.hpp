// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>
#include <ttt/random.hpp>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "recall/needles.hpp"

namespace compare {

using namespace ttt;
using recall::NeedleTask;

/// A text at whose end a value is asked for, in the form of RULER for base models: the answer's
/// first words stand there, and the value and the space before it are to follow.
struct Prompt {
  std::string text;
  recall::Secret secret;   ///< that is asked for
  Index value_begin = -1;  ///< byte at which the value begins; -1 if the needle was removed

  /// Bytes that are generated: the value, and a few more.
  [[nodiscard]] Index answer_length() const { return std::ssize(secret.value) + 8; }
  /// Whether the whole value is among the last `window` bytes when the first byte of the answer is
  /// chosen.
  [[nodiscard]] bool in_window(Index window) const {
    return value_begin >= 0 && value_begin >= std::ssize(text) - window;
  }
};

/// Whether the needle stands in the haystack.
enum class Needle { there, removed };

/// Whether a value is in an answer, in upper or lower case.
///
/// \source RULER, arXiv:2404.06654: the metric string_match_all
[[nodiscard]] inline bool answers(std::string_view answer, std::string_view value) {
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  };
  return !std::ranges::search(answer, value, same).empty();
}

/// The sentences of a text, white space between words made one space.
[[nodiscard]] inline std::vector<std::string> sentences_of(std::string_view text) {
  std::vector<std::string> sentences;
  std::string sentence;
  for (const char c : text) {
    const bool space = std::isspace(static_cast<unsigned char>(c)) != 0;
    if (!space) {
      sentence += c;
      continue;
    }
    if (sentence.empty() || sentence.back() == ' ') continue;
    const char last = sentence.back();
    if (last == '.' || last == '!' || last == '?') {
      sentences.push_back(std::exchange(sentence, {}));
    } else {
      sentence += ' ';
    }
  }
  if (!sentence.empty() && sentence.back() == ' ') sentence.pop_back();
  if (!sentence.empty()) sentences.push_back(std::move(sentence));
  return sentences;
}

/// Draws prompts of S-NIAH-1, 2 and 3.
///
/// Haystacks are the published noise, line by line, or sentences of prose in place of the published
/// essays, as many as the length has room for. A needle in noise stands behind any number of lines;
/// one in prose behind one of 40 shares of the sentences, evenly spaced.
///
/// \source Hsieh et al. 2024, "RULER: What's the Real Context Size of Your Long-Context Language
///         Models?", arXiv:2404.06654, and its code
class Prompts {
 public:
  /// \throws RangeError if there is no sentence.
  explicit Prompts(const std::vector<std::string>& prose) {
    for (const std::string& text : prose) {
      for (std::string& sentence : sentences_of(text)) sentences_.push_back(std::move(sentence));
    }
    if (sentences_.empty()) throw RangeError("Prompts: prose must have a sentence, got none");
  }

  /// A prompt that is with its answer at most `length` bytes long.
  ///
  /// \throws RangeError if the length has no room for needle and question.
  [[nodiscard]] Prompt draw(Random& random, NeedleTask task, Index length,
                            Needle needle = Needle::there) const {
    const bool uuid = task == NeedleTask::s_niah_3;
    const bool noise = task == NeedleTask::s_niah_1;
    Prompt prompt{.text = {},
                  .secret = recall::Secret::draw(random, recall::KeyWords::held_out, uuid)};
    const std::string hidden = prompt.secret.needle();
    const std::string before = introduction(uuid);
    const std::string behind = question(prompt.secret);
    const Index least =
        std::ssize(before) + std::ssize(hidden) + std::ssize(behind) + prompt.answer_length();
    if (least > length) {
      throw RangeError("Prompts.draw: length must have room for " + std::to_string(least) +
                       " bytes, got " + std::to_string(length));
    }
    const std::vector<std::string> hay = haystack(random, noise, length - least);
    const auto place = static_cast<std::size_t>(noise ? random.below(std::ssize(hay) + 1)
                                                      : behind_share(random, std::ssize(hay)));
    std::string context;
    const auto add = [&](const std::string& sentence) {
      if (!context.empty()) context += noise ? '\n' : ' ';
      context += sentence;
    };
    for (std::size_t n = 0; n <= hay.size(); ++n) {
      if (n == place && needle == Needle::there) {
        add(hidden);
        prompt.value_begin =
            std::ssize(before) + std::ssize(context) - 1 - std::ssize(prompt.secret.value);
      }
      if (n < hay.size()) add(hay[n]);
    }
    prompt.text = before + context + behind;
    return prompt;
  }

 private:
  static std::string introduction(bool uuid) {
    const std::string what = uuid ? "uuid" : "number";
    return "A special magic " + what +
           " is hidden within the following text. Make sure to memorize it. I will quiz you about "
           "the " +
           what + " afterwards.\n";
  }

  /// The question, and the answer as far as the space before the value.
  static std::string question(const recall::Secret& secret) {
    std::string words = secret.question();
    words.pop_back();
    return words;
  }

  /// Sentences that fill a number of bytes, each with what separates it from the next.
  [[nodiscard]] std::vector<std::string> haystack(Random& random, bool noise, Index room) const {
    static const std::string line =
        "The grass is green. The sky is blue. The sun is yellow. Here we go. There and back "
        "again.";
    std::vector<std::string> hay;
    auto next = static_cast<std::size_t>(random.below(std::ssize(sentences_)));
    for (;;) {
      const std::string& sentence = noise ? line : sentences_[next];
      room -= std::ssize(sentence) + 1;
      if (room < 0) return hay;
      hay.push_back(sentence);
      next = (next + 1) % sentences_.size();
    }
  }

  static Index behind_share(Random& random, Index sentences) {
    constexpr Index shares = 40;
    const double percent =
        std::round(100.0 * static_cast<double>(random.below(shares)) / (shares - 1));
    return static_cast<Index>(static_cast<double>(sentences) * percent / 100);
  }

  std::vector<std::string> sentences_;
};

}  // namespace compare
