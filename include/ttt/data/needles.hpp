// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/data/bytes.hpp>
#include <ttt/error.hpp>
#include <ttt/random.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ttt::data {

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

/// How a needle is put into words.
enum class Phrasing {
  ruler,  ///< RULER's sentence
  other,  ///< another sentence, for the test alone
};

/// Which words keys are made of.
enum class KeyWords {
  training,  ///< the first half of the list
  held_out,  ///< the second half, which no training text has
};

namespace detail {

inline constexpr std::array<std::string_view, 64> adjectives{
    "amber", "brisk",  "calm",   "dapper", "eager",  "faint",  "gentle", "humble",
    "icy",   "jolly",  "keen",   "lively", "mellow", "narrow", "orange", "plain",
    "quiet", "rapid",  "silver", "tender", "upbeat", "velvet", "woven",  "young",
    "zesty", "bold",   "crisp",  "dusty",  "early",  "fancy",  "golden", "hollow",
    "ivory", "jagged", "kind",   "lunar",  "misty",  "noble",  "olive",  "polar",
    "quick", "rustic", "sunny",  "tidy",   "urban",  "vivid",  "wild",   "yellow",
    "zonal", "brave",  "clever", "damp",   "exact",  "fluffy", "grand",  "happy",
    "inner", "juicy",  "knotty", "loyal",  "merry",  "neat",   "ornate", "proud"};
inline constexpr std::array<std::string_view, 64> nouns{
    "anchor", "basket", "candle", "dragon",  "engine",   "falcon",  "garden",  "hammer",
    "island", "jacket", "kettle", "lantern", "marble",   "needle",  "orchid",  "pillow",
    "quarry", "ribbon", "saddle", "timber",  "umbrella", "violin",  "walnut",  "yogurt",
    "zipper", "bridge", "copper", "desert",  "ember",    "forest",  "glacier", "harbor",
    "insect", "jungle", "kitten", "ladder",  "meadow",   "nickel",  "oyster",  "parrot",
    "quiver", "rocket", "spider", "tunnel",  "urchin",   "valley",  "wagon",   "yacht",
    "zebra",  "button", "cactus", "donkey",  "elbow",    "feather", "goblin",  "helmet",
    "iguana", "jigsaw", "kernel", "lemon",   "magnet",   "napkin",  "otter",   "puzzle"};

}  // namespace detail

/// A key and the value that is hidden under it.
struct Secret {
  std::string key;    ///< two words
  std::string value;  ///< seven digits, or a UUID
  bool uuid = false;  ///< which of the two

  /// A key of those words, and a value; three draws, and what the value takes.
  [[nodiscard]] static Secret draw(Random& random, KeyWords words, bool uuid) {
    const auto word = [&](const auto& list) {
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

  /// The sentence that hides the value, which ends with it and a full stop.
  [[nodiscard]] std::string needle(Phrasing phrasing = Phrasing::ruler) const {
    const std::string what = uuid ? "uuid" : "number";
    if (phrasing == Phrasing::ruler) {
      return "One of the special magic " + what + "s for " + key + " is: " + value + '.';
    }
    return "Take note: the magic " + what + " that belongs to " + key + " is " + value + '.';
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

/// What a sample is to be like.
struct NeedleSetting {
  NeedleTask task = NeedleTask::s_niah_2;  ///< what is hidden in what
  Index length = 1024;                     ///< bytes of the text, up to the value
  double depth = 0.5;                      ///< share of the haystack before the needle, in [0, 1]
  KeyWords words = KeyWords::training;     ///< of all keys
  Phrasing phrasing = Phrasing::ruler;     ///< of all needles
  bool impossible = false;                 ///< the asked value does not stand in the text
};

/// Draws texts that hide needles.
class Needles {
 public:
  /// \throws RangeError if there is no prose.
  explicit Needles(std::vector<std::string> prose) : prose_(std::move(prose)) {
    std::erase_if(prose_, [](const std::string& text) { return text.size() < 2; });
    if (prose_.empty()) throw RangeError("Needles: prose must not be empty");
  }

  /// A text to be tested with.
  ///
  /// \throws RangeError if the length has no room for needles and question, or the depth is not in
  ///         [0, 1]; `random` is then untouched.
  [[nodiscard]] NeedleSample sample(Random& random, const NeedleSetting& setting) const {
    if (!(setting.depth >= 0 && setting.depth <= 1)) {
      throw RangeError("Needles.sample: depth must be in [0, 1], got " +
                       std::to_string(setting.depth));
    }
    Random drawing = random;
    const bool uuid = setting.task == NeedleTask::s_niah_3;
    const std::vector<Secret> secrets =
        different(drawing, setting.task == NeedleTask::multi_key ? 4 : 1, setting.words, uuid);
    NeedleSample sample{.text = {}, .secret = secrets.front()};
    std::vector<Secret> hidden = secrets;
    if (setting.impossible) {  // the needle has another value than the one that is asked for
      hidden.front().value = Secret::draw(drawing, setting.words, uuid).value;
    }
    std::vector<double> depths{setting.depth};
    while (depths.size() < hidden.size()) depths.push_back(drawing.uniform());

    Index rest = setting.length - size(secrets.front().question());
    for (const Secret& secret : hidden) rest -= size(secret.needle(setting.phrasing)) + 1;
    if (rest < 0) {
      throw RangeError("Needles.sample: length must have room for " +
                       std::to_string(setting.length - rest) + " bytes, got " +
                       std::to_string(setting.length));
    }
    const std::string hay = haystack(drawing, setting.task == NeedleTask::s_niah_1, rest);
    std::vector<std::pair<Index, std::size_t>> places;  // in the haystack
    for (std::size_t n = 0; n < hidden.size(); ++n) {
      places.emplace_back(sentence_end(hay, depths[n]), n);
    }
    std::ranges::stable_sort(places);
    Index taken = 0;
    for (const auto& [place, n] : places) {
      sample.text +=
          hay.substr(static_cast<std::size_t>(taken), static_cast<std::size_t>(place - taken));
      taken = place;
      const std::string needle = hidden[n].needle(setting.phrasing);
      if (n == 0) {
        sample.needle_begin = size(sample.text);
        sample.value_begin = sample.needle_begin + size(needle) - 1 - size(hidden[n].value);
      }
      sample.text += needle + ' ';
    }
    sample.text += hay.substr(static_cast<std::size_t>(taken)) + secrets.front().question();
    random = drawing;
    return sample;
  }

  /// A text to be trained on: several needles, and after each, somewhere, its question and answer.
  struct TrainingText {
    std::vector<Token> tokens;    ///< [length + 1]
    std::vector<float> emphasis;  ///< [length], 1 / answer bytes where the target is one of them
  };

  /// Draws a text of `length + 1` bytes with 1 to `most` needles, and after each, somewhere, its
  /// question and answer, as far as there is room for them.
  /// A quarter of the haystacks are noise; a third of the longer texts hide UUIDs. In half of
  /// the texts answers come without questions: what a model learns to copy inside its window it can
  /// then copy from a cache.
  ///
  /// \throws RangeError if there is no room for one needle and its question.
  [[nodiscard]] TrainingText training_text(Random& random, Index length, Index most) const {
    const bool uuid = length >= 512 && random.below(3) == 0;
    const bool noise = random.below(4) == 0;
    std::vector<Secret> secrets =
        different(random, 1 + random.below(std::max<Index>(most, 1)), KeyWords::training, uuid);
    const bool asked = random.below(2) == 0;
    const auto asking = [&](const Secret& s) { return asked ? s.question() : '\n' + s.answer(); };
    const auto room = [&] {
      Index rest = length + 1;
      for (const Secret& s : secrets) {
        rest -= size(s.needle()) + size(asking(s)) + size(s.value) + 3;
      }
      return rest;
    };
    while (secrets.size() > 1 && room() < 0) secrets.pop_back();
    if (room() < 0) {
      throw RangeError("Needles.training_text: length must be at least " +
                       std::to_string(length - room()) + ", got " + std::to_string(length));
    }
    // Events in their order: needle n is event 2n, its question 2n + 1, which comes later.
    std::vector<std::pair<double, std::size_t>> events;
    for (std::size_t n = 0; n < secrets.size(); ++n) {
      const double a = random.uniform();
      const double b = random.uniform();
      events.emplace_back(std::min(a, b), 2 * n);
      events.emplace_back(std::max(a, b), 2 * n + 1);
    }
    std::ranges::sort(events);
    const Index rest = room();
    const std::string hay = haystack(random, noise, rest);
    std::string text;
    std::vector<std::pair<Index, Index>> answers;  // first byte, and how many
    Index taken = 0;
    for (const auto& [share, event] : events) {
      const Index place = sentence_end(hay, share);
      text += hay.substr(static_cast<std::size_t>(taken), static_cast<std::size_t>(place - taken));
      taken = place;
      const Secret& secret = secrets[event / 2];
      if (event % 2 == 0) {
        text += secret.needle() + ' ';
      } else {
        text += asking(secret);
        answers.emplace_back(size(text), size(secret.value));
        text += secret.value + ".\n";
      }
    }
    text += hay.substr(static_cast<std::size_t>(taken));

    return emphasised(text, answers);
  }

  /// Draws a text of `length + 1` bytes in which a run of random digits and letters comes twice,
  /// with prose before, between and after: there is more to copy in it than in a text with needles,
  /// and copying is learned from it sooner.
  ///
  /// \throws RangeError if length is less than 32.
  [[nodiscard]] TrainingText echo_text(Random& random, Index length) const {
    if (length < 32) {
      throw RangeError("Needles.echo_text: length must be at least 32, got " +
                       std::to_string(length));
    }
    const Index run_length = length / 8 + random.below(length * 3 / 8 - 3);
    const Index rest = length + 1 - 2 * (run_length + 1);
    std::string run = " ";
    for (Index i = 0; i < run_length; ++i) {
      run += "0123456789abcdef"[static_cast<std::size_t>(random.below(16))];
    }
    Index first = random.below(rest + 1);
    Index second = random.below(rest + 1);
    if (first > second) std::swap(first, second);
    const std::string hay = haystack(random, false, rest);
    std::string text = hay;
    text.insert(static_cast<std::size_t>(second), run);
    text.insert(static_cast<std::size_t>(first), run);
    // What follows the first byte of the second run is known from the first run.
    return emphasised(text, {{second + size(run) + 2, run_length - 1}});
  }

 private:
  /// The text as tokens, its bytes in `runs` (first byte, and how many) emphasised together by 1.
  static TrainingText emphasised(const std::string& text,
                                 const std::vector<std::pair<Index, Index>>& runs) {
    TrainingText result{.tokens = bytes(text), .emphasis = {}};
    result.emphasis.resize(text.size() - 1, 0);
    Index total = 0;
    for (const auto& [first, count] : runs) total += count;
    for (const auto& [first, count] : runs) {
      for (Index t = std::max<Index>(first, 1); t < std::min(first + count, size(text)); ++t) {
        result.emphasis[static_cast<std::size_t>(t - 1)] = 1.0F / static_cast<float>(total);
      }
    }
    return result;
  }

  static Index size(std::string_view text) { return static_cast<Index>(text.size()); }

  /// Secrets whose keys differ.
  static std::vector<Secret> different(Random& random, Index count, KeyWords words, bool uuid) {
    std::vector<Secret> secrets;
    while (std::ssize(secrets) < count) {
      Secret next = Secret::draw(random, words, uuid);
      const bool taken = std::ranges::find(secrets, next.key, &Secret::key) != secrets.end();
      if (!taken) secrets.push_back(std::move(next));
    }
    return secrets;
  }

  /// `length` bytes of a text that begins anywhere, and goes on with the next when it ends; or
  /// noise.
  [[nodiscard]] std::string haystack(Random& random, bool noise, Index length) const {
    static constexpr std::string_view sentences =
        "The grass is green. The sky is blue. The sun is yellow. Here we go. There and back "
        "again.\n";
    std::string hay;
    const auto wanted = static_cast<std::size_t>(length);
    auto number = static_cast<std::size_t>(random.below(std::ssize(prose_)));
    auto at = static_cast<std::size_t>(random.below(size(prose_[number])));
    if (noise) at %= sentences.size();
    while (hay.size() < wanted) {
      const std::string_view text = noise ? sentences : std::string_view(prose_[number]);
      hay += text.substr(at, wanted - hay.size());
      at = 0;
      number = (number + 1) % prose_.size();
    }
    return hay;
  }

  /// The byte behind the sentence that ends nearest to that share of the text.
  static Index sentence_end(const std::string& hay, double share) {
    const auto aim = static_cast<std::size_t>(share * static_cast<double>(hay.size()));
    const auto ends = [&](std::size_t at) {
      return at == hay.size() || (at > 1 && (hay[at - 1] == ' ' || hay[at - 1] == '\n') &&
                                  (hay[at - 2] == '.' || hay[at - 2] == '\n' ||
                                   hay[at - 2] == ':' || hay[at - 2] == ';'));
    };
    for (std::size_t off = 0; off <= hay.size(); ++off) {
      if (aim + off <= hay.size() && ends(aim + off)) return static_cast<Index>(aim + off);
      if (off <= aim && ends(aim - off)) return static_cast<Index>(aim - off);
    }
    return size(hay);
  }

  std::vector<std::string> prose_;
};

}  // namespace ttt::data
