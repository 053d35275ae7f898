// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/types.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

namespace support {

/// A value of a series and, where they are finite, the bounds of what it may be.
struct Point {
  double x;  ///< above 0, since the axis is logarithmic
  double y;  ///< NaN breaks the line
  double lower = std::numeric_limits<double>::quiet_NaN();
  double upper = std::numeric_limits<double>::quiet_NaN();
};

/// The x of a bin of positions, from `begin` to `end - 1`: the middle on a logarithmic axis, of a
/// bin from 0 on as if it began at 16.
[[nodiscard]] inline double middle_of(ttt::Index begin, ttt::Index end) {
  return std::sqrt(static_cast<double>(std::max<ttt::Index>(begin, 16)) * static_cast<double>(end));
}

/// A line of the chart, named at its end in its own colour. Of more than six, colours come again,
/// and lines are dashed or dotted.
struct Series {
  std::string name;
  std::vector<Point> points;  ///< in the order of x
};

/// A line chart with a logarithmic x axis, such as loss by position. Texts are UTF-8.
struct Chart {
  std::string title;
  std::string x_title;
  std::string y_title;
  std::vector<Series> series;
};

/// Draws a chart for a light background; bounds become translucent bands.
///
/// \throws ttt::RangeError if an x is not above 0, or no point has a finite y.
[[nodiscard]] std::string svg(const Chart& chart);

/// Writes `svg(chart)` so that the file is there whole or not at all.
///
/// \throws as svg does; ttt::FileError if the file cannot be written.
void write_svg(const std::filesystem::path& path, const Chart& chart);

}  // namespace support
