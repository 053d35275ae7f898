// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace support {

/// A text as it may stand in SVG or HTML: valid UTF-8, where other bytes become U+FFFD.
[[nodiscard]] std::string escaped(std::string_view text);

}  // namespace support
