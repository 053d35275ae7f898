// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/data/corpus.hpp>
#include <ttt/error.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <set>
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

namespace detail {

/// The files under a folder, without those whose names begin with a dot, in no order.
///
/// Links are followed. A folder that several paths lead to, or a link that leads back, is read
/// once: under its own path if it is under `root`, otherwise under the first link's.
///
/// \throws FileError if a folder cannot be read or a link leads nowhere.
[[nodiscard]] inline std::vector<std::filesystem::path> files_under(
    const std::filesystem::path& root) {
  namespace fs = std::filesystem;
  std::vector<fs::path> files;
  std::set<fs::path> read;          // folders, by the paths that they have without links
  std::set<fs::path> linked{root};  // folders to read when what is under those before has been read
  const auto read_folder = [&](const fs::path& folder, std::vector<fs::path>& below) {
    if (!read.insert(fs::canonical(folder)).second) return;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
      if (entry.path().filename().string().starts_with('.')) continue;
      if (!entry.exists()) {
        throw FileError("read_corpus: a link must lead to a file or a folder, got " +
                        entry.path().string());
      }
      if (entry.is_regular_file()) files.push_back(entry.path());
      if (!entry.is_directory()) continue;
      if (entry.is_symlink()) {
        linked.insert(entry.path());
      } else {
        below.push_back(entry.path());
      }
    }
  };
  while (!linked.empty()) {
    std::vector<fs::path> folders{linked.extract(linked.begin()).value()};
    while (!folders.empty()) {
      const fs::path folder = std::move(folders.back());
      folders.pop_back();
      try {
        read_folder(folder, folders);
      } catch (const fs::filesystem_error& error) {
        throw FileError("read_corpus: path must be a readable folder, got " + folder.string() +
                        ": " + error.code().message());
      }
    }
  }
  return files;
}

}  // namespace detail

/// Reads a file as one document, or each file under a folder as one, in the order of their paths.
///
/// A title is the file's path from the folder, or the name of a single file. Empty files and names
/// that begin with a dot are left out. Links are followed; a folder that several of them lead to is
/// read once.
///
/// \throws FileError if `path` is missing, a file or folder cannot be read or a link leads nowhere;
///         FormatError if no file has text.
[[nodiscard]] inline Corpus read_corpus(const std::filesystem::path& path) {
  std::error_code ignored;
  std::vector<std::pair<std::string, std::filesystem::path>> files;  // title, path
  if (std::filesystem::is_directory(path, ignored)) {
    for (const std::filesystem::path& file : detail::files_under(path)) {
      files.emplace_back(file.lexically_relative(path).generic_string(), file);
    }
  } else {
    files.emplace_back(path.filename().string(), path);
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
