// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/data/bytes.hpp>
#include <ttt/error.hpp>
#include <ttt/random.hpp>

#include <algorithm>
#include <compare>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "haystack.hpp"
#include "needles.hpp"

namespace recall {

using namespace ttt;

/// A text to be trained on, in which some bytes can be known from what stood before.
struct TrainingText {
  std::vector<Token> tokens;       ///< [length + 1]
  std::vector<float> loss_weight;  ///< [length], of the targets; 0 but for such bytes, their sum 1
};

/// Draws texts that teach recall, in the order in which it is learned: to copy (echoes), to choose
/// what to copy by a key (associations), and to do both when the text is long (needles).
class TrainingTexts {
 public:
  /// With prose of that haystack.
  explicit TrainingTexts(Haystack haystack) : haystack_(std::move(haystack)) {}

  /// A run of random digits and letters comes twice, with prose before, between and after.
  ///
  /// \shape  [length + 1] tokens
  /// \throws RangeError if length is less than 32; `random` is then untouched.
  [[nodiscard]] TrainingText echo(Random& random, Index length) const {
    expect_length("echo", length, 32);
    const Index run_length = length / 8 + random.below(length * 3 / 8 - 3);
    const Index rest = length + 1 - 2 * (run_length + 1);
    std::string run = " ";
    for (Index i = 0; i < run_length; ++i) run += character(random, "0123456789abcdef");
    Index first = random.below(rest + 1);
    Index second = random.below(rest + 1);
    if (first > second) std::swap(first, second);
    std::string text = haystack_.prose(random, rest);
    text.insert(static_cast<std::size_t>(second), run);
    text.insert(static_cast<std::size_t>(first), run);
    // What follows the first byte of the second run is known from the first run.
    return weighted(text, {{.first = second + std::ssize(run) + 2, .count = run_length - 1}}, 1);
  }

  /// Keys with numbers, and numbers asked for by their keys; what stands between the two is one
  /// phrase where the number is told and another where it is asked for, so that it is only the key
  /// that tells which number it is.
  ///
  /// \shape  [length + 1] tokens
  /// \throws RangeError if length is less than 256; `random` is then untouched.
  /// \source Arora et al. 2023, "Zoology: Measuring and Improving Recall in Efficient Language
  ///         Models", arXiv:2312.04927: multi-query associative recall
  [[nodiscard]] TrainingText associations(Random& random, Index length) const {
    expect_length("associations", length, 256);
    const Index longest_phrase = random.below(36);
    const auto phrase = [&] { return haystack_.prose(random, random.below(longest_phrase + 1)); };
    const std::string before = random.below(2) == 0 ? " for " : " the number of ";
    const std::string colon = random.below(2) == 0 ? " is: " : ":";
    const std::string told = phrase() + colon;
    const std::string equals = random.below(2) == 0 ? " is " : "=";
    const std::string asked = phrase() + equals;
    const Index most = 2 + random.below(5);

    std::vector<Pair> pairs;
    std::vector<Run> answers;
    std::string text;
    while (true) {
      const bool asks = !pairs.empty() && (std::ssize(pairs) >= most || random.below(2) == 0);
      const Pair pair = asks ? pairs[static_cast<std::size_t>(random.below(std::ssize(pairs)))]
                             : Pair::draw(random);
      std::string sentence = before;
      sentence.append(pair.key).append(asks ? asked : told);
      if (std::ssize(text) + std::ssize(sentence) + std::ssize(pair.value) > length) break;
      text += sentence;
      if (asks) {
        answers.push_back({.first = std::ssize(text), .count = std::ssize(pair.value)});
      } else {
        pairs.push_back(pair);
      }
      text.append(pair.value).append(".");
      if (random.below(3) == 0) text += phrase();
      if (std::ssize(text) > length) break;
    }
    if (answers.empty()) return associations(random, length);
    text.resize(static_cast<std::size_t>(std::min(std::ssize(text), length + 1)));
    text += haystack_.prose(random, length + 1 - std::ssize(text));
    return weighted(text, answers, 4);
  }

  /// Needles that a text may be asked to have; there are more keys than that.
  static constexpr Index most_needles = 64;

  /// 1 to `most` needles, as many as there is room for, and after each, somewhere, its question and
  /// answer; in half of the texts all questions come at the end.
  ///
  /// A quarter of the haystacks are noise; half of the texts that have room hide UUIDs; half of
  /// the keys are made up, and half of the needles are in other words than RULER's. In three texts
  /// of four answers come without questions: what a model learns to copy inside its window it can
  /// then copy from a cache. A sentence that leaves no room gives way to RULER's, which needs at
  /// most 246 bytes with a number, and 298 with a UUID.
  ///
  /// \shape  [length + 1] tokens
  /// \throws RangeError if length is less than 256 or most is not in 1..64; `random` is then
  ///         untouched.
  [[nodiscard]] TrainingText needles(Random& random, Index length, Index most) const {
    expect_length("needles", length, 256);
    if (most < 1 || most > most_needles) {
      throw RangeError("TrainingTexts.needles: most must be in 1.." + std::to_string(most_needles) +
                       ", got " + std::to_string(most));
    }
    const Hidden hidden = Hidden::draw(random, length, most);
    const std::vector<Event> events = hidden.events(random);
    const Index room = hidden.room(length);
    return hidden.text(
        events, hidden.noise ? Haystack::noise(random, room) : haystack_.prose(random, room));
  }

 private:
  struct Run {
    Index first;
    Index count;
  };

  static void expect_length(const std::string& operation, Index length, Index least) {
    if (length < least) {
      throw RangeError("TrainingTexts." + operation + ": length must be at least " +
                       std::to_string(least) + ", got " + std::to_string(length));
    }
  }

  static char character(Random& random, std::string_view of) {
    return of[static_cast<std::size_t>(random.below(std::ssize(of)))];
  }

  /// A number under a key that is made up.
  struct Pair {
    std::string key;
    std::string value;

    static Pair draw(Random& random) {
      Pair pair;
      const Index digits = 3 + random.below(5);
      for (Index i = 0; i < digits; ++i) pair.value += character(random, "0123456789");
      pair.key = Secret::draw(random, KeyWords::made_up, false).key;
      return pair;
    }
  };

  /// A needle or its question, and where it stands.
  struct Event {
    double share;        ///< of the haystack before it
    std::size_t number;  ///< 2n is needle n, and 2n + 1 its question

    friend auto operator<=>(const Event&, const Event&) = default;
  };

  /// What `needles` hides in a haystack.
  struct Hidden {
    bool noise;   ///< the haystack is noise
    bool asked;   ///< a question comes before each answer
    bool at_end;  ///< all questions come at the end
    std::vector<Secret> secrets;
    std::vector<std::string> sentences;  ///< that hide them

    /// As many as there is room for.
    static Hidden draw(Random& random, Index length, Index most) {
      const bool uuid = length >= 384 && random.below(2) == 0;
      Hidden hidden{.noise = random.below(4) == 0,
                    .asked = random.below(4) == 0,
                    .at_end = random.below(2) == 0,
                    .secrets = {},
                    .sentences = {}};
      const KeyWords words = random.below(2) == 0 ? KeyWords::made_up : KeyWords::training;
      hidden.secrets = Secret::draw(random, 1 + random.below(most), words, uuid);
      for (const Secret& secret : hidden.secrets) {
        const bool ruler = random.below(2) == 0;
        hidden.sentences.push_back(ruler ? secret.needle()
                                         : secret.needle(Wording::draw(random, uuid)));
      }
      while (hidden.secrets.size() > 1 && hidden.room(length) < 0) hidden.secrets.pop_back();
      if (hidden.room(length) < 0) {
        hidden.sentences.front() = hidden.secrets.front().needle();  // which is never too long
      }
      return hidden;
    }

    [[nodiscard]] std::string asking(const Secret& secret) const {
      return asked ? secret.question() : '\n' + secret.answer();
    }

    /// Bytes of the haystack in a text of `length + 1`.
    [[nodiscard]] Index room(Index length) const {
      Index rest = length + 1;
      for (std::size_t n = 0; n < secrets.size(); ++n) {
        rest -= std::ssize(sentences[n]) + std::ssize(asking(secrets[n])) +
                std::ssize(secrets[n].value) + 3;
      }
      return rest;
    }

    /// Needles and questions in the order in which they stand, each question after its needle.
    [[nodiscard]] std::vector<Event> events(Random& random) const {
      std::vector<Event> all;
      for (std::size_t n = 0; n < secrets.size(); ++n) {
        const double a = random.uniform();
        const double b = random.uniform();
        all.push_back({at_end ? 0.9 * a : std::min(a, b), 2 * n});
        all.push_back({at_end ? 0.9 + 0.1 * b : std::max(a, b), 2 * n + 1});
      }
      std::ranges::sort(all);
      return all;
    }

    /// The haystack with the events in it, and the answers weighted.
    [[nodiscard]] TrainingText text(const std::vector<Event>& events,
                                    const std::string& hay) const {
      std::string text;
      std::vector<Run> answers;
      Index taken = 0;
      for (const auto& [share, number] : events) {
        const Index place = Haystack::sentence_end(hay, share);
        text +=
            hay.substr(static_cast<std::size_t>(taken), static_cast<std::size_t>(place - taken));
        taken = place;
        const Secret& secret = secrets[number / 2];
        if (number % 2 == 0) {
          text += sentences[number / 2] + ' ';
        } else {
          text += asking(secret);
          answers.push_back({.first = std::ssize(text), .count = std::ssize(secret.value)});
          text += secret.value + ".\n";
        }
      }
      text += hay.substr(static_cast<std::size_t>(taken));
      return weighted(text, answers, 4);
    }
  };

  /// The text as tokens, with the bytes of the runs weighted; the first of each, which tells
  /// whether the right one was found, as much as that many others.
  static TrainingText weighted(const std::string& text, const std::vector<Run>& runs,
                               float first_counts) {
    TrainingText result{.tokens = data::bytes(text), .loss_weight = {}};
    result.loss_weight.resize(text.size() - 1, 0);
    float total = 0;
    for (const Run& run : runs) total += static_cast<float>(run.count - 1) + first_counts;
    for (const Run& run : runs) {
      for (Index t = run.first; t < run.first + run.count; ++t) {
        result.loss_weight[static_cast<std::size_t>(t - 1)] =
            (t == run.first ? first_counts : 1) / total;
      }
    }
    return result;
  }

  Haystack haystack_;
};

}  // namespace recall
