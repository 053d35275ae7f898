// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/data/bytes.hpp>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "reading.hpp"
#include "support/corpus.hpp"
#include "support/files.hpp"

namespace reading {

/// What is to be read: a held-out book, a file, or a novel.
struct Choice {
  std::string book = "Dan";
  std::string file;
  std::string novel;
  Index limit = 0;   // bytes of it; 0 for all
  Index others = 0;  // bytes of each other held-out book; 0 for all
};

/// The book to read, then the held-out books that say how sure the gains are. Novels are
/// unpacked in the folder.
inline std::vector<Book> books(const Choice& choice, const std::filesystem::path& folder) {
  std::vector<Book> chosen;
  const auto add = [&](const data::Document& document, Index limit) {
    Book book{document.title, data::bytes(document.text)};
    if (limit > 0 && std::ssize(book.tokens) > limit) {
      book.tokens.resize(static_cast<std::size_t>(limit));
    }
    if (std::ssize(book.tokens) <= settled) {
      throw RangeError(book.title + " must have more than " + std::to_string(settled) +
                       " bytes, got " + std::to_string(book.tokens.size()));
    }
    chosen.push_back(std::move(book));
  };
  if (!choice.file.empty()) {
    add(support::one_text("--file", choice.file), choice.limit);
    return chosen;
  }
  if (!choice.novel.empty()) {
    const data::Corpus novels = support::austen_corpus(folder / "austen");
    const auto novel = std::ranges::find(novels, choice.novel, &data::Document::title);
    if (novel == novels.end()) {
      throw RangeError("--novel must be one of Jane Austen's, such as emma, got " + choice.novel);
    }
    add(*novel, choice.limit);
    return chosen;
  }
  for (const data::Document& document : support::held_out_books(choice.book)) {
    add(document, chosen.empty() ? choice.limit : choice.others);
  }
  return chosen;
}

}  // namespace reading
