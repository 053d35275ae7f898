// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ttt::file {

/// The length of the longest prefix of `text` that is UTF-8.
///
/// Overlong forms, surrogates and code points beyond U+10FFFF are not UTF-8.
[[nodiscard]] constexpr std::size_t utf8_prefix(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  std::size_t i = 0;
  while (i < text.size()) {
    const std::uint8_t first = byte(i);
    const std::size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (length == 1) {
      ++i;
      continue;
    }
    if (first < 0xc2 || first > 0xf4 || text.size() - i < length) return i;
    const std::uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    const std::uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (byte(i + 1) < low || byte(i + 1) > high) return i;
    for (std::size_t k = 2; k < length; ++k) {
      if (byte(i + k) < 0x80 || byte(i + k) > 0xbf) return i;
    }
    i += length;
  }
  return i;
}

/// `text` with each byte that is not UTF-8, and each percent sign, as a percent sign and two
/// hexadecimal digits: bytes of any kind, such as a file's name, as metadata.
///
/// Different texts stay different.
[[nodiscard]] inline std::string as_utf8(std::string_view text) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string result;
  std::size_t valid = utf8_prefix(text);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i < valid && text[i] != '%') {
      result += text[i];
      continue;
    }
    const auto byte = static_cast<std::uint8_t>(text[i]);
    result += {'%', hex[byte >> 4U], hex[byte & 15U]};
    if (i >= valid) valid = i + 1 + utf8_prefix(text.substr(i + 1));
  }
  return result;
}

/// Appends `code_point` to `text`.
///
/// \pre `code_point` is at most U+10FFFF and no surrogate
constexpr void append_utf8(std::string& text, std::uint32_t code_point) {
  const auto push = [&](std::uint32_t byte) { text.push_back(static_cast<char>(byte)); };
  const auto push_tail = [&](std::uint32_t shift) {
    push(0x80U | ((code_point >> shift) & 0x3fU));
  };
  if (code_point < 0x80) {
    push(code_point);
  } else if (code_point < 0x800) {
    push(0xc0U | (code_point >> 6U));
    push_tail(0);
  } else if (code_point < 0x10000) {
    push(0xe0U | (code_point >> 12U));
    push_tail(6);
    push_tail(0);
  } else {
    push(0xf0U | (code_point >> 18U));
    push_tail(12);
    push_tail(6);
    push_tail(0);
  }
}

static_assert(utf8_prefix("caf\xc3\xa9") == 5);
static_assert(utf8_prefix("\xc0\x80") == 0);

}  // namespace ttt::file
