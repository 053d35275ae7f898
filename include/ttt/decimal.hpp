// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <charconv>
#include <string>

namespace ttt {

/// `number` as the shortest decimal that reads back as the same number, in every locale alike.
[[nodiscard]] inline std::string decimal(double number) {
  std::array<char, 32> digits{};  // the longest, such as -2.2250738585072014e-308, takes 24
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  return {digits.data(), end};
}

}  // namespace ttt
