// SPDX-License-Identifier: Apache-2.0
#include "svg_text.hpp"

#include <algorithm>
#include <cstddef>

#include "printable.hpp"

namespace support {

std::string escaped(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t length = first_character(text);
    const std::string_view next = text.substr(0, std::max<std::size_t>(length, 1));
    if (next == "&") {
      result += "&amp;";
    } else if (next == "<") {
      result += "&lt;";
    } else if (next == ">") {
      result += "&gt;";
    } else if (next == "\"") {
      result += "&quot;";
    } else if (length == 0) {
      result += "\xEF\xBF\xBD";
    } else {
      result += length == 1 && static_cast<unsigned char>(next[0]) < 0x20 ? " " : next;
    }
    text.remove_prefix(next.size());
  }
  return result;
}

}  // namespace support
