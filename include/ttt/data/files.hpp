// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/data/corpus.hpp>
#include <ttt/error.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace ttt::data {

/// Reads a whole file, byte for byte.
///
/// \throws FileError if it is missing or cannot be read.
[[nodiscard]] inline std::string read_text(const std::filesystem::path& path) {
  const auto refuse = [&] {
    return FileError("read_text: path must be a readable file, got " + path.string());
  };
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) throw refuse();
  std::ifstream file(path, std::ios::binary);
  if (!file) throw refuse();
  std::string text;
  for (std::array<char, 65536> part{}; file;) {
    file.read(part.data(), part.size());
    text.append(part.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (file.bad()) throw refuse();
  return text;
}

/// Reads a file as one document, or each file under a folder as one, in the order of their paths.
///
/// A title is the file's path from the folder, or the name of a single file. Empty files and names
/// that begin with a dot are left out.
///
/// \throws FileError if `path` is missing or a file cannot be read; FormatError if no file has
/// text.
[[nodiscard]] inline Corpus read_corpus(const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::vector<std::pair<std::string, fs::path>> files;  // title, path
  if (!fs::is_directory(path, error)) {
    files.emplace_back(path.filename().string(), path);
  } else {
    fs::recursive_directory_iterator entry(path, error);
    for (const fs::recursive_directory_iterator end; !error && entry != end;
         entry.increment(error)) {
      if (entry->path().filename().string().starts_with('.')) {
        entry.disable_recursion_pending();
      } else if (entry->is_regular_file()) {
        files.emplace_back(entry->path().lexically_relative(path).generic_string(), entry->path());
      }
    }
    if (error) throw FileError("read_corpus: path must be a readable folder, got " + path.string());
  }
  std::ranges::sort(files);

  Corpus corpus;
  for (const auto& [title, file] : files)
    if (std::string text = read_text(file); !text.empty())
      corpus.push_back({.title = title, .text = std::move(text)});
  if (corpus.empty())
    throw FormatError("read_corpus: path must hold a text, got none in " + path.string());
  return corpus;
}

}  // namespace ttt::data
