// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/model/memory_file.hpp>

#include <cstdint>
#include <filesystem>
#include <iostream>
#include <span>
#include <string>
#include <utility>

#include "models.hpp"
#include "reading.hpp"

/// Memories in files, which say what text they are of.
namespace reading {

/// The model that learns, reading on some device.
template <Storage M>
using Reader = Session<models::Bookkeeper, M>;

/// A number that tells texts apart.
///
/// \source the FNV-1a hash of 64 bits
inline std::uint64_t fingerprint_of(std::span<const Token> tokens) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const Token token : tokens) {
    hash = (hash ^ static_cast<std::uint64_t>(token)) * 0x100000001b3U;
  }
  return hash;
}

/// The memory of a reader that has read the whole book.
template <Storage M>
file::Archive memory_of(const Reader<M>& reader, const Book& book) {
  file::Archive archive = memory_archive(reader);
  archive.metadata["text"] = std::to_string(fingerprint_of(book.tokens));
  return archive;
}

/// A reader of the book, who goes on where the memory ends, if there is one.
///
/// \throws RangeError, which names the option --memory, if it is of another text or of more of it
template <Storage M>
Reader<M> reader_of(const Book& book, const models::Bookkeeper::Params<M>& params,
                    const std::filesystem::path& memory,
                    const typename Reader<M>::Options& options) {
  if (memory.empty() || !std::filesystem::exists(memory)) return Reader<M>(params, options);
  const file::Archive archive = file::read(memory);
  Reader<M> reader = session_from<models::Bookkeeper, M>(archive, params, options);
  const Index read = reader.position();
  if (read >= std::ssize(book.tokens)) {
    throw RangeError("--memory: " + memory.string() + " has read " + std::to_string(read) +
                     " bytes, and " + book.title + " has only " +
                     std::to_string(book.tokens.size()));
  }
  const auto text = archive.metadata.find("text");
  const auto begin = std::span(book.tokens).first(static_cast<std::size_t>(read));
  if (text == archive.metadata.end()) {
    std::cerr << "read_book: " << memory.string() << " does not say what text it is of\n";
  } else if (text->second != std::to_string(fingerprint_of(begin))) {
    throw RangeError("--memory: " + memory.string() + " is of another text: its " +
                     std::to_string(read) + " bytes are not those that " + book.title +
                     " begins with");
  }
  std::cout << "reading on from byte " << read << '\n';
  return reader;
}

}  // namespace reading
