// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace support {

/// Bytes of the UTF-8 character that a text begins with; 0 if it begins with none.
[[nodiscard]] std::size_t first_character(std::string_view text);

/// A text as it may be written to a terminal: line breaks and tabs stay, other control characters
/// and bytes that are not UTF-8 become `\x1b`, a `\xNN` for each of their bytes.
[[nodiscard]] std::string printable(std::string_view text);

/// Columns that a printable line takes on a terminal, where each character takes one.
[[nodiscard]] ttt::Index columns_of(std::string_view text);

}  // namespace support
