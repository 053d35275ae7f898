// SPDX-License-Identifier: Apache-2.0
#include "support/heat_map.hpp"

#include <ttt/error.hpp>

#include <doctest/doctest.h>

#include <file/grouping.hpp>
#include <limits>
#include <string>
#include <vector>

namespace {

using ttt::Index;

Index count(const std::string& text, const std::string& part) {
  Index found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST_SUITE("support") {
  const double nothing = std::numeric_limits<double>::quiet_NaN();

  TEST_CASE("a heat map has a cell for each number, and says it") {
    const support::HeatMap map{.title = "a < b",
                               .row_title = "depth",
                               .column_title = "length",
                               .rows = {"0.5", "0.9"},
                               .columns = {"8", "16", "32"},
                               .panels = {{.title = "one", .cells = {{0, 0.25, 1}, {1, 1, 1}}},
                                          {.title = "two", .cells = {{nothing, 0, 0}, {0, 0, 0}}}}};
    const std::string picture = support::svg(map);
    CHECK(count(picture, "<rect x=") == 11);  // one number is none
    CHECK(count(picture, ">0.25</text>") == 1);
    CHECK(count(picture, ">1.00</text>") == 4);
    CHECK(count(picture, ">a &lt; b</text>") == 1);
    CHECK(picture.ends_with("</svg>\n"));
  }

  TEST_CASE("a heat map is the same in every locale") {
    const support::HeatMap map{.title = "t",
                               .row_title = "depth",
                               .column_title = "length",
                               .rows = std::vector<std::string>(60, "0.5"),  // 1000 high and more
                               .columns = {"8"},
                               .panels = {{.title = "one", .cells = {60, {0.25}}}}};
    const std::string picture = support::svg(map);
    const ttt::file::Grouping here;
    CHECK(support::svg(map) == picture);
  }

  TEST_CASE("many panels stand in several bands, each with its names, and none is wide") {
    support::HeatMap map{.title = "",
                         .row_title = "depth",
                         .column_title = "length",
                         .rows = {"0.5"},
                         .columns = {"8", "16"},
                         .panels = {}};
    for (int n = 0; n < 13; ++n) map.panels.push_back({.title = "panel", .cells = {{0.25, 1}}});
    const std::string picture = support::svg(map);
    CHECK(count(picture, ">panel</text>") == 13);
    CHECK(count(picture, "<rect x=") == 26);
    CHECK(count(picture, ">0.5</text>") == 2);
    CHECK(count(picture, ">length</text>") == 1);
    const auto width = std::stod(picture.substr(picture.find(" width=\"") + 8));
    CHECK(width <= 930);
  }

  TEST_CASE("a panel of other extents is refused by name") {
    const support::HeatMap map{.title = "",
                               .row_title = "",
                               .column_title = "",
                               .rows = {"0.5"},
                               .columns = {"8", "16"},
                               .panels = {{.title = "ours", .cells = {{1}}}}};
    CHECK_THROWS_WITH_AS(static_cast<void>(support::svg(map)), "svg: panel \"ours\" must be [1, 2]",
                         ttt::RangeError);
  }
}

}  // namespace
