// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/data/corpus.hpp>
#include <ttt/error.hpp>

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace support {

/// Tokens of several bytes each, learned from a text by SentencePiece.
///
/// A text comes back from its tokens byte for byte, and each token stands for a known number of
/// bytes, so that a loss can be told in bits a byte beside that of a byte model. Some vocabularies,
/// such as that of Llama 2, add a space in front of a text; it is no byte of the text. A program
/// that was built without SentencePiece has the type, and refuses to make one.
class Pieces {
 public:
  struct Options {
    ttt::Index vocab;           ///< at least 256 bytes, three control tokens and every letter
    std::string model = "bpe";  ///< or "unigram"
  };

  /// Learns a vocabulary from the lines of a corpus.
  ///
  /// \throws ttt::Error if SentencePiece is not built in; ttt::SpecError if it cannot make such a
  ///         vocabulary.
  [[nodiscard]] static Pieces learn(const ttt::data::Corpus& corpus, const Options& options);

  /// Reads a vocabulary that `write` wrote, or SentencePiece itself.
  ///
  /// \throws ttt::FileError if the file cannot be read; ttt::FormatError if it is no vocabulary.
  [[nodiscard]] static Pieces read(const std::filesystem::path& path);
  void write(const std::filesystem::path& path) const;

  /// \throws ttt::FormatError if `text` is not UTF-8 or holds U+2581, which SentencePiece takes for
  ///         a space.
  [[nodiscard]] std::vector<ttt::Token> encode(std::string_view text) const;

  /// The inverse of `encode`, for any tokens. A space that the vocabulary adds is in front.
  ///
  /// \throws ttt::RangeError if a token is outside the vocabulary.
  [[nodiscard]] std::string decode(std::span<const ttt::Token> tokens) const;

  /// The bytes that each of the first tokens of a text stands for; 0 for control tokens, and for a
  /// space that the vocabulary adds.
  [[nodiscard]] std::vector<ttt::Index> bytes(std::span<const ttt::Token> tokens) const;

  [[nodiscard]] ttt::Index vocab() const;

 private:
  class Model;
  explicit Pieces(std::shared_ptr<const Model> model);

  std::shared_ptr<const Model> model_;
};

}  // namespace support
