// SPDX-License-Identifier: Apache-2.0
#include "printable.hpp"

#include <ttt/file/utf8.hpp>

#include <algorithm>
#include <cstdint>

namespace support {

namespace {

/// A control character of ASCII, or one of U+0080 to U+009F, which some terminals obey.
bool controls(std::string_view character) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(character[i]); };
  if (character == "\n" || character == "\t") return false;
  if (character.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7f;
  return character.size() == 2 && byte(0) == 0xc2 && byte(1) < 0xa0;
}

std::string in_hexadecimal(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    text += "\\x";
    text += digits[byte / 16U];
    text += digits[byte % 16U];
  }
  return text;
}

}  // namespace

std::size_t first_character(std::string_view text) {
  for (std::size_t length = 1; length <= std::min<std::size_t>(text.size(), 4); ++length) {
    if (ttt::file::utf8_prefix(text.substr(0, length)) == length) return length;
  }
  return 0;
}

std::string printable(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const std::size_t length = first_character(text);
    const std::string_view next = text.substr(0, std::max<std::size_t>(length, 1));
    shown += length == 0 || controls(next) ? in_hexadecimal(next) : std::string(next);
    text.remove_prefix(next.size());
  }
  return shown;
}

ttt::Index columns_of(std::string_view text) {
  return std::ranges::count_if(text, [](char c) {
    return (static_cast<std::uint8_t>(c) & 0xc0U) != 0x80U;  // continues no character
  });
}

}  // namespace support
