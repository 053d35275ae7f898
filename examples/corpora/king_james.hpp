// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/data/corpus.hpp>
#include <ttt/error.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// Texts that the programs know by name.
namespace corpora {

using namespace ttt;

/// What becomes of the label before each verse, such as `Ge1:1 `.
enum class Labels { strip, keep };

namespace detail {

/// Finds the label that begins a verse: `[0-9]?[A-Za-z]+[0-9]+:[0-9]+ `.
struct Label {
  std::string_view book;  ///< `1Sm` of `1Sm3:10 `; empty if there is no label
  std::string_view all;   ///< with its space

  explicit constexpr Label(std::string_view line) {
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
    std::size_t at = 0;
    const auto skip = [&](auto kind) {
      const std::size_t from = at;
      while (at < line.size() && kind(line[at])) ++at;
      return at > from;
    };
    const auto skip_one = [&](char c) { return at < line.size() && line[at] == c && ++at > 0; };

    if (!line.empty() && digit(line[0])) at = 1;
    if (!skip(letter)) return;
    const std::size_t book_size = at;
    if (!skip(digit) || !skip_one(':') || !skip(digit) || !skip_one(' ')) return;
    book = line.substr(0, book_size);
    all = line.substr(0, at);
  }
};

static_assert(Label("1Sm3:10 And").book == "1Sm");
static_assert(Label("1Sm3:10 And").all == "1Sm3:10 ");
static_assert(Label("12Sm3:10 And").book.empty());
static_assert(Label("And the evening").book.empty());

}  // namespace detail

/// Reads the King James Bible as Debian's program `bible` (package bible-kjv) prints it.
///
/// `bible -f 'gen1:1-rev22:21'` prints one verse a line, each behind its label. A document begins
/// where the book changes; its title is the book's part of the label. The whole text has 66.
///
/// \throws FormatError if a line has no label.
[[nodiscard]] inline data::Corpus king_james(std::string_view text, Labels labels = Labels::strip) {
  data::Corpus corpus;
  for (std::size_t line_number = 1; !text.empty(); ++line_number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));

    const detail::Label label(line);
    if (label.book.empty())
      throw FormatError("king_james: line " + std::to_string(line_number) +
                        " must begin with a label such as 'Ge1:1 ', got '" +
                        std::string(line.substr(0, 40)) + "'");
    if (corpus.empty() || corpus.back().title != label.book)
      corpus.push_back({.title = std::string(label.book), .text = {}});
    std::string& book = corpus.back().text;
    book += labels == Labels::keep ? line : line.substr(label.all.size());
    book += '\n';
  }
  return corpus;
}

/// The books that are for measuring and never trained on: 639 KB of 4138 KB, seven over 60 KB.
///
/// Law, story, poem, proverb, prophecy, gospel, history and vision, of both testaments and of many
/// lengths. None of them retells another book at length, as the first three gospels do, or Samuel,
/// Kings and Chronicles: a held-out Mark would be known from Matthew. Ours.
[[nodiscard]] inline std::vector<std::string> king_james_held_out() {
  return {"Josh", "Ruth", "Job", "Prv", "Dan", "John", "Acts", "Rev"};
}

}  // namespace corpora
