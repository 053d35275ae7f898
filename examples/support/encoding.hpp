// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pieces.hpp"

namespace support {

/// The tokens that a model of some vocabulary reads texts as: bytes, or pieces of several.
class Encoding {
 public:
  /// `pieces` names a file that Pieces::write wrote; a vocabulary of bytes needs none.
  ///
  /// \throws ttt::RangeError, which names the option --pieces, if it names no file that such a
  ///         vocabulary needs, or one of another size; and as Pieces::read
  Encoding(ttt::Index vocab, const std::filesystem::path& pieces);

  /// \throws as Pieces::encode
  [[nodiscard]] std::vector<ttt::Token> encode(std::string_view text) const;
  /// The inverse of `encode`, for any tokens of the vocabulary; see Pieces.
  [[nodiscard]] std::string decode(std::span<const ttt::Token> tokens) const;
  /// The bytes that each of the first tokens of a text stands for; empty where each is one byte.
  [[nodiscard]] std::vector<ttt::Index> bytes(std::span<const ttt::Token> tokens) const;

 private:
  std::optional<Pieces> pieces_;
};

}  // namespace support
