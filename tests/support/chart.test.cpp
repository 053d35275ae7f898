// SPDX-License-Identifier: Apache-2.0
#include "support/chart.hpp"

#include <ttt/data/files.hpp>
#include <ttt/error.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <file/grouping.hpp>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

using support::Chart;
namespace fs = std::filesystem;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

Chart with(std::vector<support::Point> points) {
  return {.title = "t", .x_title = "x", .y_title = "y", .series = {{"s", std::move(points)}}};
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1))
    ++found;
  return found;
}

/// The value of the first attribute of that name after `from`.
double attribute(const std::string& text, const std::string& name, const std::string& from) {
  const auto at = text.find(name + "=\"", text.find(from)) + name.size() + 2;
  return std::stod(text.substr(at));
}

TEST_SUITE("support") {
  TEST_CASE("a bin of positions is drawn at its middle on a logarithmic axis") {
    CHECK(support::middle_of(64, 256) == 128);
    CHECK(support::middle_of(0, 64) == 32);  // from 16
  }

  TEST_CASE("each series is one line, one mark a point and one name") {
    Chart chart = with({{64, 2.0}, {128, 1.5}});
    chart.series.push_back({"other", {{64, 2.5}, {128, 2.25}, {256, 2.0}}});
    const std::string drawn = support::svg(chart);
    CHECK(drawn.starts_with("<svg "));
    CHECK(drawn.ends_with("</svg>\n"));
    CHECK(count(drawn, "<polyline") == 2);
    CHECK(count(drawn, "<circle") == 5);
    CHECK(count(drawn, ">other</text>") == 1);
  }

  TEST_CASE("lines whose colours come again are dashed, then dotted") {
    Chart chart = with({{64, 2.0}});
    while (chart.series.size() < 14) chart.series.push_back(chart.series.front());
    const std::string drawn = support::svg(chart);
    CHECK(count(drawn, "<polyline") == 14);
    CHECK(count(drawn, "stroke-dasharray=\"7 4\"") == 6);
    CHECK(count(drawn, "stroke-dasharray=\"2 3\"") == 2);
  }

  TEST_CASE("a chart is the same in every locale") {
    const Chart chart = with({{64, 2000.5}, {128, 1500.25}});
    const std::string drawn = support::svg(chart);
    const ttt::file::Grouping here;
    CHECK(support::svg(chart) == drawn);
  }

  TEST_CASE("equal ratios of x are equal distances, and a smaller loss lies lower") {
    const std::string drawn = support::svg(with({{64, 3.0}, {256, 2.0}, {1024, 1.0}}));
    const auto second = drawn.find("<circle", drawn.find("<circle") + 1);
    const auto third = drawn.find("<circle", second + 1);
    const double x1 = attribute(drawn, "cx", "<circle");
    const double x2 = attribute(drawn.substr(second), "cx", "<circle");
    const double x3 = attribute(drawn.substr(third), "cx", "<circle");
    CHECK(x2 - x1 == doctest::Approx(x3 - x2).epsilon(0.001));
    CHECK(attribute(drawn.substr(third), "cy", "<circle") > attribute(drawn, "cy", "<circle"));
  }

  TEST_CASE("the axis counts in powers of two") {
    const std::string drawn = support::svg(with({{512, 1.0}, {4096, 2.0}}));
    for (const char* label : {">512<", ">1K<", ">2K<", ">4K<"}) {
      CAPTURE(label);
      CHECK(count(drawn, label) == 1);
    }
  }

  TEST_CASE("bounds are a translucent band and a point without y is a gap") {
    const std::string drawn =
        support::svg(with({{1, 1.0, 0.9, 1.1}, {2, 1.0, 0.9, 1.2}, {4, nan}, {8, 2.0, 1.9, 2.1}}));
    CHECK(count(drawn, "<polygon") == 2);
    CHECK(count(drawn, "fill-opacity=\"0.15\"") == 2);
    CHECK(count(drawn, "<polyline") == 2);
    CHECK(count(drawn, "nan") == 0);
  }

  TEST_CASE("texts are escaped") {
    Chart chart = with({{1, 1.0}});
    chart.title = "a < b & \"c\"\n";
    const std::string drawn = support::svg(chart);
    CHECK(count(drawn, ">a &lt; b &amp; &quot;c&quot; </text>") == 1);
  }

  TEST_CASE("names of lines that end together are drawn apart") {
    Chart chart = with({{1, 1.0}, {2, 1.0}});
    chart.series.push_back({"other", {{1, 2.0}, {2, 1.001}}});
    const std::string drawn = support::svg(chart);
    const auto y = [&](const std::string& name) {
      const auto end = drawn.find('>' + name + "</text>");
      return attribute(drawn.substr(drawn.rfind("<text", end)), "y", "<text");
    };
    CHECK(y("s") - y("other") >= 14.9);
  }

  TEST_CASE("a chart that cannot be drawn is refused") {
    CHECK_THROWS_WITH_AS((void)support::svg(with({{0, 1.0}})), "svg: x must be above 0, got 0",
                         ttt::RangeError);
    CHECK_THROWS_WITH_AS((void)support::svg(with({{1, nan}})),
                         "svg: a point must have a finite y, got none", ttt::RangeError);
    CHECK_THROWS_AS((void)support::svg({}), ttt::RangeError);
  }

  TEST_CASE("a written chart is what was drawn") {
    const fs::path path =
        fs::temp_directory_path() / ("ttt_chart." + std::to_string(::getpid()) + ".svg");
    const Chart chart = with({{1, 1.0}});
    support::write_svg(path, chart);
    CHECK(ttt::data::read_text(path) == support::svg(chart));
    fs::remove(path);
  }
}

}  // namespace
