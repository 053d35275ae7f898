// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>
#include <ttt/file/utf8.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

/// The part of JSON that a safetensors header needs: objects, arrays, strings and natural numbers.
namespace ttt::file::json {

/// `text` as a JSON string, quotes included.
///
/// \pre `text` is UTF-8
[[nodiscard]] inline std::string quoted(std::string_view text) {
  constexpr std::string_view plain = "\"\\\b\f\n\r\t";
  constexpr std::string_view escaped = "\"\\bfnrt";
  constexpr std::string_view hex = "0123456789abcdef";
  std::string result = "\"";
  for (const char c : text) {
    if (const std::size_t i = plain.find(c); i != plain.npos) {
      result += {'\\', escaped[i]};
    } else if (static_cast<unsigned char>(c) < 0x20) {
      result += {'\\',
                 'u',
                 '0',
                 '0',
                 hex[static_cast<std::size_t>(c) >> 4U],
                 hex[static_cast<std::size_t>(c) & 15U]};
    } else {
      result += c;
    }
  }
  return result + '"';
}

/// Reads a text whose structure the caller knows, one value after another.
///
/// The caller's calls follow the format, so the depth of a hostile text costs nothing, and anything
/// unexpected is refused where it stands.
class Reader {
 public:
  /// \throws FormatError if `text` is not UTF-8
  Reader(std::string_view text, std::string where) : text_(text), where_(std::move(where)) {
    at_ = utf8_prefix(text);
    if (at_ != text.size()) refuse("not UTF-8");
    at_ = 0;
  }

  /// Calls `member(key)`, which must read the value, for each member of an object.
  template <class Member>
  void object(Member member) {
    expect('{');
    if (accept('}')) return;
    do {
      std::string key = string();
      expect(':');
      member(std::move(key));
    } while (accept(','));
    expect('}');
  }

  /// Calls `element()`, which must read it, for each element of an array.
  template <class Element>
  void array(Element element) {
    expect('[');
    if (accept(']')) return;
    do element();
    while (accept(','));
    expect(']');
  }

  /// A whole number from 0 to the largest Index, without sign, fraction, exponent or leading zero.
  [[nodiscard]] Index natural() {
    skip_space();
    if (!is_digit()) refuse_for("a natural number");
    constexpr Index most = std::numeric_limits<Index>::max();
    const bool leading_zero = text_[at_] == '0';
    Index value = 0;
    for (Index digits = 0; is_digit(); ++digits, ++at_) {
      const Index digit = text_[at_] - '0';
      if (leading_zero && digits > 0) refuse("a number must not begin with 0");
      if (value > (most - digit) / 10) refuse("the number is too large");
      value = 10 * value + digit;
    }
    return value;
  }

  /// A string, with what its escapes stand for.
  [[nodiscard]] std::string string() {
    expect('"');
    std::string result;
    while (true) {
      if (at_ == text_.size()) refuse_for("'\"'");
      const char c = text_[at_];
      if (static_cast<unsigned char>(c) < 0x20) refuse("a control character must be escaped");
      ++at_;
      if (c == '"') return result;
      if (c == '\\') {
        append_escape(result);
      } else {
        result += c;
      }
    }
  }

  /// Refuses anything but space after what was read.
  void end() {
    skip_space();
    if (at_ != text_.size()) refuse_for("the end");
  }

 private:
  [[noreturn]] void refuse(std::string_view what) const {
    throw FormatError(where_ + " byte " + std::to_string(at_) + ": " + std::string(what));
  }

  [[noreturn]] void refuse_for(std::string_view wanted) const {
    refuse("expected " + std::string(wanted) + ", got " + next_in_words());
  }

  [[nodiscard]] std::string next_in_words() const {
    if (at_ == text_.size()) return "the end";
    const char c = text_[at_];
    if (c > 0x20 && c < 0x7f) return {'\'', c, '\''};
    return "byte value " + std::to_string(c & 0xff);
  }

  [[nodiscard]] bool is_digit() const {
    return at_ != text_.size() && text_[at_] >= '0' && text_[at_] <= '9';
  }

  void skip_space() { at_ = std::min(text_.find_first_not_of(" \t\n\r", at_), text_.size()); }

  bool accept(char c) {
    skip_space();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  void expect(char c) {
    if (!accept(c)) refuse_for(std::string{'\'', c, '\''});
  }

  void append_escape(std::string& result) {
    constexpr std::string_view escaped = "\"\\/bfnrt";
    constexpr std::string_view plain = "\"\\/\b\f\n\r\t";
    if (at_ == text_.size()) refuse_for("an escape");
    const char c = text_[at_];
    if (const std::size_t i = escaped.find(c); i != escaped.npos) {
      ++at_;
      result += plain[i];
    } else if (c == 'u') {
      ++at_;
      append_utf8(result, code_point());
    } else {
      refuse_for("an escape");
    }
  }

  /// The code point of `XXXX`, or of a pair of surrogates `XXXX\uXXXX`.
  std::uint32_t code_point() {
    const std::uint32_t high = hex4();
    if (high < 0xd800 || high > 0xdfff) return high;
    if (high > 0xdbff || text_.substr(at_, 2) != "\\u") refuse("half a surrogate pair");
    at_ += 2;
    const std::uint32_t low = hex4();
    if (low < 0xdc00 || low > 0xdfff) refuse("half a surrogate pair");
    return 0x10000U + ((high - 0xd800U) << 10U) + (low - 0xdc00U);
  }

  std::uint32_t hex4() {
    std::uint32_t value = 0;
    for (int k = 0; k < 4; ++k, ++at_) {
      const char c = at_ == text_.size() ? '\0' : text_[at_];
      const char lower = static_cast<char>(c | 0x20);
      if (c >= '0' && c <= '9') {
        value = 16 * value + static_cast<std::uint32_t>(c - '0');
      } else if (lower >= 'a' && lower <= 'f') {
        value = 16 * value + static_cast<std::uint32_t>(lower - 'a' + 10);
      } else {
        refuse_for("a hexadecimal digit");
      }
    }
    return value;
  }

  std::string_view text_;
  std::string where_;
  std::size_t at_ = 0;
};

}  // namespace ttt::file::json
