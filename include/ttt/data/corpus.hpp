// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>

#include <algorithm>
#include <concepts>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Texts, and what a model is trained on and measured with.
namespace ttt::data {

/// A text that is read from its beginning: a book, a file.
struct Document {
  std::string title;  ///< by which `hold_out` finds it
  std::string text;   ///< bytes in any encoding

  /// Whether all members are equal.
  friend bool operator==(const Document&, const Document&) = default;
};

/// Documents in the order in which they were read.
using Corpus = std::vector<Document>;

/// A corpus in two parts that share no document.
struct Split {
  Corpus training;  ///< what a model learns from
  Corpus held_out;  ///< what it is measured on
};

/// Sets aside every document whose title is among `titles`; both parts keep the corpus's order.
///
/// \throws RangeError if a title is not in the corpus.
[[nodiscard]] inline Split hold_out(Corpus corpus, std::span<const std::string> titles) {
  for (const std::string& title : titles)
    if (std::ranges::find(corpus, title, &Document::title) == corpus.end())
      throw RangeError("hold_out: title must be in the corpus, got " + title);

  Split split;
  for (Document& document : corpus) {
    const bool held = std::ranges::find(titles, document.title) != titles.end();
    (held ? split.held_out : split.training).push_back(std::move(document));
  }
  return split;
}

/// Turns each document into tokens: `encode(corpus, bytes)`.
template <std::invocable<std::string_view> Encoder>
[[nodiscard]] std::vector<std::vector<Token>> encode(const Corpus& corpus, const Encoder& encoder) {
  std::vector<std::vector<Token>> documents;
  documents.reserve(corpus.size());
  for (const Document& document : corpus) documents.push_back(encoder(document.text));
  return documents;
}

}  // namespace ttt::data
