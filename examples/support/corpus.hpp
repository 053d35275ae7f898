// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/data/corpus.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace support {

/// Runs a program and returns what it prints.
///
/// \throws ttt::FileError if there is no such program, which comes with a Debian package called
///         `package`, or if it fails.
[[nodiscard]] std::string output_of(const std::vector<std::string>& command,
                                    const std::string& package);

/// The texts of files, and of every file under folders.
///
/// \throws as ttt::data::read_corpus
[[nodiscard]] ttt::data::Corpus read_texts(const std::vector<std::string>& paths);

/// The King James Bible, one document a book: from a file in the form of the program `bible`, or,
/// where `file` is empty, from that program itself.
///
/// \throws ttt::FileError if the file cannot be read or the program is missing; ttt::FormatError if
///         the text has another form.
[[nodiscard]] ttt::data::Corpus king_james_corpus(const std::filesystem::path& file = {});

/// The King James Bible from its program, in the books to train on and those that are held out.
///
/// \throws as king_james_corpus
[[nodiscard]] ttt::data::Split king_james_split();

/// The held-out books of the King James Bible, the one of that title first.
///
/// \throws ttt::RangeError, which names the option --book, if it is none of them; and as
///         king_james_corpus
[[nodiscard]] ttt::data::Corpus held_out_books(const std::string& first);

/// The six novels of Jane Austen, one document each, from the R package janeaustenr.
///
/// A novel is written to `cache` once and read from there afterwards, without R.
///
/// \throws ttt::FileError if R or the package is missing or the folder cannot be written.
[[nodiscard]] ttt::data::Corpus austen_corpus(const std::filesystem::path& cache);

}  // namespace support
