// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>

#include <array>
#include <string>
#include <string_view>

namespace ttt {

/// Matches every extent in an expected shape.
inline constexpr Index any_extent = -1;

/// Throws ShapeError, unless [rows, cols] is the expected shape.
inline void expect_extents(std::string_view operation, std::string_view name,
                           std::array<Index, 2> extents, std::array<Index, 2> expected) {
  const auto fits = [&](std::size_t n) {
    return expected[n] == any_extent || expected[n] == extents[n];
  };
  if (fits(0) && fits(1)) return;
  const auto extent = [](Index n) {
    return n == any_extent ? std::string("*") : std::to_string(n);
  };
  throw ShapeError(std::string(operation) + ": " + std::string(name) + " must be [" +
                   extent(expected[0]) + ", " + extent(expected[1]) + "], got [" +
                   extent(extents[0]) + ", " + extent(extents[1]) + ']');
}

/// Throws ShapeError unless `array` is [rows, cols].
///
/// The message names the operation, the argument and both shapes:
///
///   rms_norm: weight must be [1, 64], got [12, 32]
template <class Array>
void expect_shape(std::string_view operation, std::string_view name, const Array& array,
                  std::array<Index, 2> expected) {
  if constexpr (requires { array.rows(); }) {
    expect_extents(operation, name, {array.rows(), array.cols()}, expected);
  } else {
    expect_extents(operation, name, {row_count(array), col_count(array)}, expected);
  }
}

/// Throws ShapeError unless `array` is [rows, cols]; without rows it may have any width.
template <class Array>
void expect_rows(std::string_view operation, std::string_view name, const Array& array, Index rows,
                 Index cols) {
  expect_shape(operation, name, array, {rows, rows == 0 ? any_extent : cols});
}

}  // namespace ttt
