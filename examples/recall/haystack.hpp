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

/// Texts in which values are hidden under keys, and what comes of asking for them.
namespace recall {

using namespace ttt;

/// What needles are hidden in.
class Haystack {
 public:
  /// \throws RangeError if there is no prose.
  explicit Haystack(std::vector<std::string> prose) : prose_(std::move(prose)) {
    std::erase_if(prose_, [](const std::string& text) { return text.size() < 2; });
    if (prose_.empty()) throw RangeError("Haystack: prose must not be empty");
  }

  /// `length` bytes of a text that begins anywhere, and goes on with the next when it ends.
  [[nodiscard]] std::string prose(Random& random, Index length) const {
    auto number = static_cast<std::size_t>(random.below(std::ssize(prose_)));
    auto at = static_cast<std::size_t>(random.below(std::ssize(prose_[number])));
    std::string hay;
    while (std::ssize(hay) < length) {
      hay += std::string_view(prose_[number])
                 .substr(at, static_cast<std::size_t>(length) - hay.size());
      at = 0;
      number = (number + 1) % prose_.size();
    }
    return hay;
  }

  /// `length` bytes of the same few sentences, over and over, from anywhere in them.
  ///
  /// \source the noise of RULER's first task, arXiv:2404.06654
  [[nodiscard]] static std::string noise(Random& random, Index length) {
    static constexpr std::string_view sentences =
        "The grass is green. The sky is blue. The sun is yellow. Here we go. There and back "
        "again.\n";
    auto at = static_cast<std::size_t>(random.below(std::ssize(sentences)));
    std::string hay;
    while (std::ssize(hay) < length) {
      hay += sentences.substr(at, static_cast<std::size_t>(length) - hay.size());
      at = 0;
    }
    return hay;
  }

  /// A haystack with sentences in it.
  struct Text {
    std::string text;
    std::vector<Index> begins;  ///< bytes at which the sentences begin
  };

  /// Hides each sentence, and a space, behind the sentence of the haystack that ends nearest to
  /// that share of it; of those at the same place the first comes first.
  ///
  /// \pre one share in [0, 1] for each sentence
  [[nodiscard]] static Text hide(const std::string& hay, const std::vector<std::string>& sentences,
                                 const std::vector<double>& shares) {
    std::vector<std::pair<Index, std::size_t>> places;  // in the haystack
    for (std::size_t n = 0; n < sentences.size(); ++n) {
      places.emplace_back(sentence_end(hay, shares[n]), n);
    }
    std::ranges::sort(places);
    Text result{.text = {}, .begins = std::vector<Index>(sentences.size())};
    Index taken = 0;
    for (const auto& [place, n] : places) {
      result.text +=
          hay.substr(static_cast<std::size_t>(taken), static_cast<std::size_t>(place - taken));
      taken = place;
      result.begins[n] = std::ssize(result.text);
      result.text += sentences[n] + ' ';
    }
    result.text += hay.substr(static_cast<std::size_t>(taken));
    return result;
  }

  /// The byte behind the sentence that ends nearest to that share of the text.
  [[nodiscard]] static Index sentence_end(const std::string& hay, double share) {
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
    return std::ssize(hay);
  }

 private:
  std::vector<std::string> prose_;
};

}  // namespace recall
