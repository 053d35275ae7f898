// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <iomanip>
#include <locale>
#include <sstream>
#include <string>

namespace support {

/// A stream whose numbers are as programs read them, whatever the locale.
[[nodiscard]] inline std::ostringstream plain_text() {
  std::ostringstream out;
  out.imbue(std::locale::classic());
  return out;
}

/// `1.234`; `-` of what is no finite number.
[[nodiscard]] inline std::string fixed(double number, int digits) {
  if (!std::isfinite(number)) return "-";
  return (plain_text() << std::fixed << std::setprecision(digits) << number).str();
}

}  // namespace support
