// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace support {

/// A table of numbers in [0, 1]: a row for each depth, a column for each length.
struct Panel {
  std::string title;
  std::vector<std::vector<double>> cells;  ///< [rows][columns]; NaN is left empty
};

/// Tables side by side, in as many bands as they need, that share their rows and columns. Texts are
/// UTF-8.
struct HeatMap {
  std::string title;
  std::string row_title;
  std::string column_title;
  std::vector<std::string> rows;
  std::vector<std::string> columns;
  std::vector<Panel> panels;
};

/// Draws a heat map for a light background; each cell says its number.
///
/// \throws ttt::RangeError if a panel has other extents than the names of rows and columns.
[[nodiscard]] std::string svg(const HeatMap& map);

/// Writes `svg(map)` so that the file is there whole or not at all.
///
/// \throws as svg does; ttt::FileError if the file cannot be written.
void write_svg(const std::filesystem::path& path, const HeatMap& map);

}  // namespace support
