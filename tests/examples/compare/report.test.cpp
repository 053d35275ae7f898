// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "compare/figures.hpp"
#include "compare/tables.hpp"

namespace {

using namespace ttt;
using compare::Cell;

/// A cell of a given loss behind the first window, and a worse one before it.
Cell cell_of(const std::string& system, std::uint64_t seed, double loss) {
  return {
      .system = system,
      .title = "the " + system,
      .seed = seed,
      .setting = "steps 3",
      .spec = "vocab 256",
      .parameters = 1000,
      .curve = {{.tokens = 100, .nats = 3}, {.tokens = 200, .nats = loss}},
      .positions = {{.begin = 0, .end = 256, .tokens = 256, .bytes = 256, .nats = 512},
                    {.begin = 256, .end = 512, .tokens = 256, .bytes = 256, .nats = 256 * loss}},
      .recall = {{.task = "s_niah_1",
                  .length = 512,
                  .samples = 10,
                  .right = 5,
                  .in_window = 2,
                  .control = 10}},
      .memory_bytes = 4096};
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

const std::vector<Cell> cells{cell_of("good", 1, 1.0), cell_of("good", 2, 1.2),
                              cell_of("near", 1, 1.2), cell_of("near", 2, 1.3),
                              cell_of("bad", 1, 2.0),  cell_of("bad", 2, 2.0)};

TEST_SUITE("examples/compare") {
  TEST_CASE("a mean has Student's interval") {
    const compare::Mean mean = compare::mean_of({1.0, 1.2});
    CHECK(mean.value == doctest::Approx(1.1));
    CHECK(mean.interval.upper == doctest::Approx(1.1 + 12.706 * 0.1));
    CHECK(mean.interval.lower == doctest::Approx(1.1 - 12.706 * 0.1));
    CHECK(compare::mean_of({1, 2, 3}).interval.upper == doctest::Approx(2 + 4.303 / std::sqrt(3)));
    CHECK(std::isnan(compare::mean_of({1.0}).interval.upper));
  }

  TEST_CASE("groups are in the order of their loss behind the first window") {
    const auto groups = compare::groups_of(cells, 256);
    REQUIRE(groups.size() == 3);
    CHECK(groups[0].first().system == "good");
    CHECK(groups[1].first().system == "near");
    CHECK(groups[2].first().system == "bad");
    CHECK(groups[0].loss(256).value == doctest::Approx(1.1));
    CHECK_THROWS_WITH_AS(static_cast<void>(compare::groups_of({}, 256)),
                         "groups_of: cells must be one or more, got none", RangeError);
    auto others = cells;
    others.back().setting = "steps 4";
    CHECK_THROWS_WITH_AS(static_cast<void>(compare::groups_of(others, 256)),
                         "groups_of: cells must have one setting, got steps 4 and steps 3",
                         RangeError);
  }

  TEST_CASE("cells whose lists differ in length are in no groups") {
    const auto refused = [](const std::vector<Cell>& others, const char* why) {
      CHECK_THROWS_WITH_AS(static_cast<void>(compare::groups_of(others, 256)), why, RangeError);
    };
    auto others = cells;
    others[1].curve.pop_back();
    refused(others, "groups_of: good must have 2 points of the curve, got 1");
    others[0].curve.pop_back();
    CHECK(compare::groups_of(others, 256).size() == 3);
    others[4].positions.pop_back();
    refused(others, "groups_of: bad must have 2 positions, got 1");
  }

  TEST_CASE("systems whose seeds overlap are not told apart") {
    const compare::Spread spread = compare::spread_of(compare::groups_of(cells, 256), 256);
    CHECK(spread.seeds == doctest::Approx(0.2));
    CHECK(spread.system == "the good");
    CHECK(spread.systems == doctest::Approx(0.9));
    REQUIRE(spread.close.size() == 1);
    CHECK(spread.close.front() == std::pair<std::string, std::string>("the good", "the near"));
    CHECK(compare::words_of(spread) ==
          "Two seeds of one system differ by at most 0.200 nats per byte (the good), the best and "
          "the worst system by 0.900.\nNot told apart, because their seeds overlap, are: the good "
          "and the near.\n");
    const std::vector<Cell> apart{cells[2], cells[3], cells[4], cells[5]};
    CHECK(has(compare::words_of(compare::spread_of(compare::groups_of(apart, 256), 256)),
              "Of any two systems, every seed of one is better"));
    const auto single = compare::groups_of({cells[0], cells[4]}, 256);
    CHECK(has(compare::words_of(compare::spread_of(single, 256)), "Each system has one seed"));
  }

  TEST_CASE("the page has every table") {
    const std::string page = compare::page_of(compare::groups_of(cells, 256));
    CHECK(has(page, "Settings: steps 3."));
    CHECK(
        has(page, "| the bad | 1000 | 2 | 2.000 [2.000, 2.000] | 2.885 [2.885, 2.885] | 4.1 k |"));
    CHECK(has(page, "| system | 0 to 256 | 256 to 512 |"));
    CHECK(has(page, "| the bad | 2.000 | 2.000 |"));
    CHECK(has(page, "| *window / length* | 0.50 | 0.00 |"));
    CHECK(has(page, "| *value in the window* | 0.20 | 0.00 |"));
    CHECK(has(page, "| the good | 0.50 [0.30, 0.70] | 0.00 [0.00, 0.16] |"));
    CHECK(has(page, "Chance is about one in a million."));
    CHECK_FALSE(has(page, "Ablation"));
  }

  TEST_CASE("the page names the chance of a number, and none of a UUID") {
    Cell cell = cell_of("good", 1, 1.0);
    cell.recall.front().task = "s_niah_3";
    const std::string page = compare::page_of(compare::groups_of({cell}, 256));
    CHECK(has(page, "## Recall, s_niah_3"));
    CHECK_FALSE(has(page, "Chance"));
  }

  TEST_CASE("ablations have tables of their own, and their systems are in no other") {
    std::vector<Cell> all = cells;
    all[0].ablations = all[1].ablations = {{"chunk", 64}};
    Cell other = cell_of("smaller", 1, 1.5);
    other.ablations = {{"chunk", 32}};
    other.base = false;
    all.push_back(other);
    const auto groups = compare::groups_of(all, 256);
    const std::string page = compare::page_of(groups);
    CHECK(has(page,
              "## Ablation: chunk\n\n| chunk | nats per byte |\n| --- | --- |\n"
              "| 32 | 1.500 |\n| 64 | 1.100 ["));
    CHECK_FALSE(has(page, "the smaller"));
    CHECK(compare::ablation_chart(groups, "chunk").series.front().points.size() == 2);
  }

  TEST_CASE("figures have a line for each system, and can be drawn") {
    const auto figures = compare::figures_of(compare::groups_of(cells, 256));
    REQUIRE(figures.size() == 3);
    CHECK(figures[0].first == "loss_by_position.svg");
    CHECK(figures[0].second.series.size() == 3);
    CHECK(figures[0].second.series[0].points[1].y == doctest::Approx(1.1));
    CHECK(figures[1].first == "loss_by_tokens.svg");
    CHECK(figures[1].second.series[2].points[1].x == 200);
    CHECK(figures[2].first == "recall_s_niah_1.svg");
    CHECK(figures[2].second.series.size() == 4);
    CHECK(figures[2].second.series[0].points[0].y == doctest::Approx(0.2));
    for (const auto& [name, chart] : figures) CHECK(has(support::svg(chart), "</svg>"));
  }

  TEST_CASE("a cell is read back as it was written, and anything else is refused") {
    const auto path = std::filesystem::temp_directory_path() / "ttt_compare_cell.json";
    Cell cell = cell_of("good", 7, 1.0 / 3);
    cell.ablations = {{"chunk", 64}};
    cell.base = false;
    compare::report_of(cell).write(path);
    CHECK(compare::report_of(compare::read_cell(path)).text() == compare::report_of(cell).text());
    std::ofstream(path) << "{\"system\": 3}";
    CHECK_THROWS_AS(static_cast<void>(compare::read_cell(path)), FormatError);
    std::filesystem::remove(path);
    CHECK_THROWS_AS(static_cast<void>(compare::read_cell(path)), FileError);
  }
}

}  // namespace
