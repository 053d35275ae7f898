// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>

#include <array>
#include <string>
#include <string_view>

namespace ttt {

/// Matches every extent in an expected shape.
inline constexpr Index any = -1;

/// Throws ShapeError unless `array` is [rows, cols].
///
/// The message names the operation, the argument and both shapes:
///
///   rms_norm: weight must be [1, 64], got [12, 32]
template <class Array>
void expect_shape(std::string_view operation, std::string_view name, const Array& array,
                  std::array<Index, 2> expected) {
  const auto [rows, cols] = expected;
  if ((rows == any || rows == array.rows()) && (cols == any || cols == array.cols())) return;
  const auto extent = [](Index n) { return n == any ? std::string("*") : std::to_string(n); };
  throw ShapeError(std::string(operation) + ": " + std::string(name) + " must be [" + extent(rows) +
                   ", " + extent(cols) + "], got [" + extent(array.rows()) + ", " +
                   extent(array.cols()) + ']');
}

}  // namespace ttt
