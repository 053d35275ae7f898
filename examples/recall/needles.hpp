// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/decimal.hpp>
#include <ttt/error.hpp>
#include <ttt/random.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "haystack.hpp"

namespace recall {

using namespace ttt;

/// What is hidden in what, as in RULER.
///
/// \source Hsieh et al. 2024, "RULER: What's the Real Context Size of Your Long-Context Language
///         Models?", arXiv:2404.06654
enum class NeedleTask {
  s_niah_1,   ///< one number in noise
  s_niah_2,   ///< one number in prose
  s_niah_3,   ///< one UUID in prose
  multi_key,  ///< four numbers in prose, one of them asked for
};

/// The sentences that models are tested with.
enum class Phrasing {
  ruler,  ///< RULER's sentence
  other,  ///< another sentence, for the test alone
};

/// The words around key and value in the sentence that hides a value.
struct Wording {
  std::string before;   ///< the words before the key
  std::string between;  ///< the words between key and value

  /// A sentence to be tested with.
  [[nodiscard]] static Wording of(Phrasing phrasing, bool uuid) {
    const std::string what = uuid ? "uuid" : "number";
    if (phrasing == Phrasing::ruler) {
      return {"One of the special magic " + what + "s for ", " is: "};
    }
    return {"Take note: the magic " + what + " that belongs to ", " is "};
  }

  /// One of many sentences to be trained with, none of them one that models are tested with.
  [[nodiscard]] static Wording draw(Random& random, bool uuid) {
    static constexpr std::array<std::string_view, 8> openings{
        "The ", "Here is the ",    "Remember the secret ", "They know the ", "Write down the ",
        "One ", "And the hidden ", "This is the new "};
    static constexpr std::array<std::string_view, 6> links{
        " for ", " of ", " given to ", " under the name of ", " called ", " that goes with "};
    static constexpr std::array<std::string_view, 8> betweens{
        " is: ", " is ", ": ", " = ", " was ", ", which is ", " equals ", " has become "};
    const auto choice = [&](const auto& list) {
      return std::string(list[static_cast<std::size_t>(random.below(std::ssize(list)))]);
    };
    Wording wording;
    wording.before = choice(openings) + (uuid ? "uuid" : "number");
    wording.before += choice(links);
    wording.between = choice(betweens);
    return wording;
  }
};

/// Which words keys are made of.
enum class KeyWords {
  training,  ///< the first half of the list
  held_out,  ///< the second half: no such word stands in the King James Bible
  made_up,   ///< random letters
};

namespace detail {

inline constexpr std::array<std::string_view, 64> adjectives{
    "amber",     "brisk",  "calm",   "dapper", "eager",  "faint",  "gentle",   "humble",
    "icy",       "jolly",  "keen",   "lively", "mellow", "narrow", "orange",   "plain",
    "quiet",     "rapid",  "silver", "tender", "upbeat", "velvet", "woven",    "young",
    "zesty",     "bold",   "crisp",  "dusty",  "early",  "fancy",  "golden",   "hollow",
    "turquoise", "jagged", "glossy", "lunar",  "misty",  "cosmic", "magenta",  "polar",
    "frosty",    "rustic", "sunny",  "tidy",   "urban",  "vivid",  "tropical", "jovial",
    "zonal",     "brave",  "clever", "damp",   "nimble", "fluffy", "grand",    "quirky",
    "rugged",    "juicy",  "knotty", "loyal",  "zany",   "neat",   "ornate",   "breezy"};
inline constexpr std::array<std::string_view, 64> nouns{
    "anchor",  "basket", "candle",  "dragon",  "engine",   "falcon",  "garden",  "hammer",
    "island",  "jacket", "kettle",  "lantern", "marble",   "needle",  "orchid",  "pillow",
    "quarry",  "ribbon", "saddle",  "timber",  "umbrella", "violin",  "walnut",  "yogurt",
    "zipper",  "bridge", "copper",  "desert",  "ember",    "forest",  "glacier", "harbor",
    "insect",  "jungle", "kitten",  "volcano", "igloo",    "nickel",  "oyster",  "parrot",
    "penguin", "rocket", "dolphin", "tunnel",  "urchin",   "kayak",   "pretzel", "yacht",
    "zebra",   "button", "cactus",  "donkey",  "elbow",    "feather", "goblin",  "gadget",
    "iguana",  "jigsaw", "kernel",  "lemon",   "magnet",   "tulip",   "otter",   "puzzle"};

}  // namespace detail

/// A key and the value that is hidden under it.
struct Secret {
  std::string key;    ///< two words
  std::string value;  ///< seven digits, or a UUID
  bool uuid = false;  ///< which of the two

  /// A key of those words, and a value.
  [[nodiscard]] static Secret draw(Random& random, KeyWords words, bool uuid) {
    const auto word = [&](const auto& list) {
      if (words == KeyWords::made_up) {
        std::string letters(static_cast<std::size_t>(3 + random.below(6)), ' ');
        for (char& letter : letters) letter = static_cast<char>('a' + random.below(26));
        return letters;
      }
      const Index half = std::ssize(list) / 2;
      const Index first = words == KeyWords::training ? 0 : half;
      return std::string(list[static_cast<std::size_t>(first + random.below(half))]);
    };
    Secret secret{.key = word(detail::adjectives) + '-', .value = {}, .uuid = uuid};
    secret.key += word(detail::nouns);
    if (uuid) {
      for (const int count : {8, 4, 4, 4, 12}) {
        if (!secret.value.empty()) secret.value += '-';
        for (int i = 0; i < count; ++i) {
          secret.value += "0123456789abcdef"[static_cast<std::size_t>(random.below(16))];
        }
      }
    } else {
      secret.value = std::to_string(1000000 + random.below(9000000));
    }
    return secret;
  }

  /// Secrets whose keys differ.
  ///
  /// \throws RangeError if there are not as many keys of those words: 1024, unless made up.
  [[nodiscard]] static std::vector<Secret> draw(Random& random, Index count, KeyWords words,
                                                bool uuid) {
    constexpr Index keys = std::ssize(detail::adjectives) * std::ssize(detail::nouns) / 4;
    if (words != KeyWords::made_up && count > keys) {
      throw RangeError("Secret.draw: count must be at most " + std::to_string(keys) + ", got " +
                       std::to_string(count));
    }
    std::vector<Secret> secrets;
    while (std::ssize(secrets) < count) {
      Secret next = draw(random, words, uuid);
      const bool taken = std::ranges::find(secrets, next.key, &Secret::key) != secrets.end();
      if (!taken) secrets.push_back(std::move(next));
    }
    return secrets;
  }

  /// The sentence that hides the value, which ends with it and a full stop.
  [[nodiscard]] std::string needle(const Wording& wording) const {
    return wording.before + key + wording.between + value + '.';
  }
  /// The same, in words to be tested with.
  [[nodiscard]] std::string needle(Phrasing phrasing = Phrasing::ruler) const {
    return needle(Wording::of(phrasing, uuid));
  }

  /// The answer as far as the value.
  [[nodiscard]] std::string answer() const {
    return "The special magic " + std::string(uuid ? "uuid" : "number") + " for " + key +
           " mentioned in the provided text is ";
  }

  /// The question, and the answer as far as the value.
  [[nodiscard]] std::string question() const {
    return "\nWhat is the special magic " + std::string(uuid ? "uuid" : "number") + " for " + key +
           " mentioned in the provided text? " + answer();
  }
};

/// A text at whose end a value is asked for.
struct NeedleSample {
  std::string text;        ///< as far as the value
  Secret secret;           ///< that is asked for
  Index needle_begin = 0;  ///< byte of the text at which the needle's sentence begins
  Index value_begin = 0;   ///< byte at which its value begins; meaningless if it is not there
};

/// That text with a needle behind the sentence that ends nearest to byte `near`, and the question
/// at its end.
///
/// \throws RangeError if `near` is not in the text.
[[nodiscard]] inline NeedleSample hide(const std::string& text, const Secret& secret, Index near,
                                       Phrasing phrasing = Phrasing::ruler) {
  if (near < 0 || near > std::ssize(text)) {
    throw RangeError("hide: near must be in 0.." + std::to_string(text.size()) + ", got " +
                     std::to_string(near));
  }
  const double share =
      text.empty() ? 0 : static_cast<double>(near) / static_cast<double>(text.size());
  const Index place = Haystack::sentence_end(text, share);
  const std::string needle = secret.needle(phrasing);
  NeedleSample sample{.text = text + secret.question(),
                      .secret = secret,
                      .needle_begin = place,
                      .value_begin = place + std::ssize(needle) - 1 - std::ssize(secret.value)};
  sample.text.insert(static_cast<std::size_t>(place), needle + ' ');
  return sample;
}

/// What a sample is to be like.
struct NeedleSetting {
  NeedleTask task = NeedleTask::s_niah_2;  ///< what is hidden in what
  Index length = 1024;                     ///< bytes of the text, up to the value
  double depth = 0.5;                      ///< share of the haystack before the needle, in [0, 1]
  KeyWords words = KeyWords::training;     ///< of all keys
  Phrasing phrasing = Phrasing::ruler;     ///< of all needles
  bool impossible = false;                 ///< the asked value does not stand in the text
};

/// Draws texts at whose ends a value is asked for that stands somewhere in them.
class Needles {
 public:
  /// Hides them in that.
  explicit Needles(Haystack haystack) : haystack_(std::move(haystack)) {}

  /// A text to be tested with.
  ///
  /// \throws RangeError if the length has no room for needles and question, or the depth is not in
  ///         [0, 1]; `random` is then untouched.
  [[nodiscard]] NeedleSample sample(Random& random, const NeedleSetting& setting) const {
    if (!(setting.depth >= 0 && setting.depth <= 1)) {
      throw RangeError("Needles.sample: depth must be in [0, 1], got " + decimal(setting.depth));
    }
    Random drawing = random;
    const bool uuid = setting.task == NeedleTask::s_niah_3;
    const std::vector<Secret> secrets =
        Secret::draw(drawing, setting.task == NeedleTask::multi_key ? 4 : 1, setting.words, uuid);
    NeedleSample sample{.text = {}, .secret = secrets.front()};
    std::vector<Secret> hidden = secrets;
    if (setting.impossible) {  // the needle has another value than the one that is asked for
      hidden.front().value = Secret::draw(drawing, setting.words, uuid).value;
    }
    std::vector<double> depths{setting.depth};
    while (depths.size() < hidden.size()) depths.push_back(drawing.uniform());

    std::vector<std::string> needles;
    Index rest = setting.length - std::ssize(secrets.front().question());
    for (const Secret& secret : hidden) {
      needles.push_back(secret.needle(setting.phrasing));
      rest -= std::ssize(needles.back()) + 1;
    }
    if (rest < 0) {
      throw RangeError("Needles.sample: length must have room for " +
                       std::to_string(setting.length - rest) + " bytes, got " +
                       std::to_string(setting.length));
    }
    const std::string hay = setting.task == NeedleTask::s_niah_1 ? Haystack::noise(drawing, rest)
                                                                 : haystack_.prose(drawing, rest);
    auto [text, begins] = Haystack::hide(hay, needles, depths);
    sample.text = std::move(text) + secrets.front().question();
    sample.needle_begin = begins.front();
    sample.value_begin =
        sample.needle_begin + std::ssize(needles.front()) - 1 - std::ssize(hidden.front().value);
    random = drawing;
    return sample;
  }

 private:
  Haystack haystack_;
};

}  // namespace recall
