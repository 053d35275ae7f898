// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ttt::data {

/// The vocabulary of byte tokens.
inline constexpr Index byte_vocab = 256;

/// Reads a text as tokens, one for each byte.
[[nodiscard]] inline std::vector<Token> bytes(std::string_view text) {
  std::vector<Token> tokens;
  tokens.reserve(text.size());
  for (const char c : text) tokens.push_back(static_cast<unsigned char>(c));
  return tokens;
}

/// Writes byte tokens as a text; the inverse of `bytes`.
///
/// \throws RangeError if a token is not in 0..255.
[[nodiscard]] inline std::string text(std::span<const Token> tokens) {
  std::string result;
  result.reserve(tokens.size());
  for (const Token token : tokens) {
    if (token < 0 || token >= byte_vocab)
      throw RangeError("text: token must be in 0..255, got " + std::to_string(token));
    result.push_back(static_cast<char>(token));
  }
  return result;
}

}  // namespace ttt::data
