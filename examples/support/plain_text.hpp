// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <locale>
#include <sstream>

namespace support {

/// A stream whose numbers are as programs read them, whatever the locale.
[[nodiscard]] inline std::ostringstream plain_text() {
  std::ostringstream out;
  out.imbue(std::locale::classic());
  return out;
}

}  // namespace support
