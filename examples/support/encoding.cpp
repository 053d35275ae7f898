// SPDX-License-Identifier: Apache-2.0
#include "encoding.hpp"

#include <ttt/data/bytes.hpp>

namespace support {

using ttt::Index;
using ttt::Token;

Encoding::Encoding(Index vocab, const std::filesystem::path& pieces) {
  if (vocab == ttt::data::byte_vocab) return;
  if (pieces.empty()) throw ttt::RangeError("--pieces must name a file for this model");
  pieces_ = Pieces::read(pieces);
  if (pieces_->vocab() != vocab) {
    throw ttt::RangeError("--pieces: " + pieces.string() + " must have " + std::to_string(vocab) +
                          " pieces, got " + std::to_string(pieces_->vocab()));
  }
}

std::vector<Token> Encoding::encode(std::string_view text) const {
  return pieces_ ? pieces_->encode(text) : ttt::data::bytes(text);
}

std::string Encoding::decode(std::span<const Token> tokens) const {
  return pieces_ ? pieces_->decode(tokens) : ttt::data::text(tokens);
}

std::vector<Index> Encoding::bytes(std::span<const Token> tokens) const {
  return pieces_ ? pieces_->bytes(tokens) : std::vector<Index>{};
}

}  // namespace support
