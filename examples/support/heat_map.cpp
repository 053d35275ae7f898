// SPDX-License-Identifier: Apache-2.0
#include "heat_map.hpp"

#include <ttt/error.hpp>
#include <ttt/file/atomic.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <iomanip>
#include <span>
#include <sstream>

#include "plain_text.hpp"
#include "svg_text.hpp"

namespace support {

namespace {

constexpr double cell = 46;     // wide
constexpr double tall = 30;     // high
constexpr double left = 62;     // of the first panel's cells
constexpr double top = 92;      // of the cells
constexpr double apart = 26;    // panels
constexpr double below = 50;    // the cells of a band, for the names of columns
constexpr double between = 20;  // bands, for the titles of panels
constexpr double widest = 900;

/// From white to a blue that readers of any sight tell from it; the text on it is dark or light.
std::string colour(double value) {
  constexpr std::array<double, 3> none{247, 247, 247};
  constexpr std::array<double, 3> full{0, 90, 160};
  std::ostringstream out = plain_text();
  out << "rgb(";
  for (std::size_t i = 0; i < 3; ++i) {
    out << (i == 0 ? "" : ",") << std::lround(none[i] + value * (full[i] - none[i]));
  }
  out << ')';
  return out.str();
}

void expect_extents(const HeatMap& map) {
  for (const Panel& panel : map.panels) {
    bool right = panel.cells.size() == map.rows.size();
    for (const auto& row : panel.cells) right = right && row.size() == map.columns.size();
    if (!right) {
      throw ttt::RangeError("svg: panel \"" + panel.title + "\" must be [" +
                            std::to_string(map.rows.size()) + ", " +
                            std::to_string(map.columns.size()) + ']');
    }
  }
}

}  // namespace

std::string svg(const HeatMap& map) {
  expect_extents(map);
  const double panel_width = cell * static_cast<double>(map.columns.size());
  const double band_height = tall * static_cast<double>(map.rows.size()) + below + between;
  const std::size_t in_band =
      std::clamp<std::size_t>(static_cast<std::size_t>((widest - left) / (panel_width + apart)), 1,
                              std::max<std::size_t>(map.panels.size(), 1));
  const std::size_t bands = (map.panels.size() + in_band - 1) / in_band;
  const double width = left + static_cast<double>(in_band) * (panel_width + apart) + apart;
  const double height = top - between + static_cast<double>(bands) * band_height;
  std::ostringstream out = plain_text();
  out << std::fixed << std::setprecision(1);
  const auto text = [&](double x, double y, const std::string& words, const std::string& style) {
    out << "<text x=\"" << x << "\" y=\"" << y << "\" " << style << '>' << escaped(words)
        << "</text>\n";
  };
  out << "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " << width << ' ' << height
      << "\" width=\"" << width << "\" height=\"" << height
      << "\" font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\" font-size=\"12\">\n"
      << "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n";
  text(left, 28, map.title, "fill=\"#222222\" font-size=\"16\" font-weight=\"bold\"");
  text(10, 52, map.row_title, "fill=\"#666666\"");
  for (std::size_t n = 0; n < map.panels.size(); ++n) {
    const std::size_t band = n / in_band;
    const double x = left + static_cast<double>(n % in_band) * (panel_width + apart);
    const double first = top + static_cast<double>(band) * band_height;
    const double bottom = first + tall * static_cast<double>(map.rows.size());
    if (n % in_band == 0) {
      for (std::size_t row = 0; row < map.rows.size(); ++row) {
        text(left - 8, first + tall * (static_cast<double>(row) + 0.6), map.rows[row],
             "fill=\"#222222\" text-anchor=\"end\"");
      }
    }
    text(x, first - 14, map.panels[n].title, "fill=\"#222222\" font-weight=\"bold\"");
    for (std::size_t column = 0; column < map.columns.size(); ++column) {
      const double middle = x + cell * (static_cast<double>(column) + 0.5);
      text(middle, bottom + 16, map.columns[column], "fill=\"#222222\" text-anchor=\"middle\"");
      for (std::size_t row = 0; row < map.rows.size(); ++row) {
        const double value = map.panels[n].cells[row][column];
        if (!std::isfinite(value)) continue;
        const double y = first + tall * static_cast<double>(row);
        out << "<rect x=\"" << middle - cell / 2 << "\" y=\"" << y << "\" width=\"" << cell - 2
            << "\" height=\"" << tall - 2 << "\" fill=\"" << colour(std::clamp(value, 0.0, 1.0))
            << "\"/>\n";
        std::ostringstream number = plain_text();
        number << std::fixed << std::setprecision(2) << value;
        text(middle - 1, y + 0.6 * tall, number.str(),
             std::string("text-anchor=\"middle\" fill=\"") + (value > 0.5 ? "#ffffff" : "#222222") +
                 '"');
      }
    }
  }
  text(left, height - 12, map.column_title, "fill=\"#666666\"");
  out << "</svg>\n";
  return out.str();
}

void write_svg(const std::filesystem::path& path, const HeatMap& map) {
  const std::string picture = svg(map);
  ttt::file::write_atomically(path, std::as_bytes(std::span(picture)));
}

}  // namespace support
