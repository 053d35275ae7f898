// SPDX-License-Identifier: Apache-2.0
#include "needles/rows.hpp"

#include <ttt/measure/proportion.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "recall/needles.hpp"
#include "recall/outcome.hpp"
#include "support/report.hpp"

namespace {

using namespace ttt;
using needles::Cell;
using needles::Row;
using recall::KeyWords;
using support::Report;

recall::Outcome outcome(Index right, double contained, double addressed) {
  return {.answer = "1234567",
          .exact = right == 7,
          .right = right,
          .memory_bytes = 1000,
          .contained = contained,
          .addressed = addressed};
}

/// Two depths of four samples; at the first three are right, at the second one.
Row row() {
  const double none = std::nan("");
  const std::vector<KeyWords> words{KeyWords::training, KeyWords::held_out, KeyWords::training,
                                    KeyWords::held_out};
  return {.task = "s_niah_2",
          .windows = 64,
          .policy = "keep",
          .depths = {"0.05", "0.5"},
          .cells = {
              {{outcome(7, 1, 0.5), outcome(7, 1, 0.5), outcome(7, 1, 0.5), outcome(0, 0, none)},
               words},
              {{outcome(7, 1, 0.3), outcome(1, 0, none), outcome(2, 0, none), outcome(4, 0, none)},
               words}}};
}

TEST_SUITE("examples/needles") {
  TEST_CASE("a row reports what its samples say, under these names") {
    const auto exact = measure::wilson(4, 8);
    CHECK(row().report().text() ==
          Report()
              .set("task", "s_niah_2")
              .set("windows", 64)
              .set("policy", "keep")
              .set("samples", 4)
              .set("exact", 0.5)
              .set("exact_at_depth", Report().set("0.05", 0.75).set("0.5", 0.25))
              .set("low", exact.lower)
              .set("high", exact.upper)
              .set("known_words", 0.75)
              .set("new_words", 0.25)
              .set("right_bytes", (0.75 + (1.0 + 1.0 / 7 + 2.0 / 7 + 4.0 / 7) / 4) / 2)
              .set("stored", (0.75 + 0.25) / 2)
              .set("looked_at", (0.5 + 0.3) / 2)  // where there is any
              .set("memory_bytes", 1000.0)
              .set("window_over_length", 1.0 / 64)
              .text());
    const auto bytes = row().right_bytes_interval();
    CHECK(bytes.lower == measure::wilson(35, 56).lower);
    CHECK(bytes.upper == measure::wilson(35, 56).upper);
  }

  TEST_CASE("a table has a dash where nothing was counted") {
    CHECK(needles::cell(std::nan("")) == "-");
    CHECK(needles::cell(0.976) == "0.98");
    CHECK(needles::cell(1.0 / 64, 4) == "0.0156");
  }

  TEST_CASE("memory that nobody counted is no number") {
    CHECK(needles::memory_bytes(outcome(7, 1, 0.5)) == 1000);
    CHECK(std::isnan(needles::memory_bytes({.answer = "1"})));
  }

  TEST_CASE("pairs are of the same sample; theirs may be the first of ours") {
    const Row ours = row();
    Row theirs = ours;
    theirs.policy = "oldest";
    theirs.cells[0].recalls[0] = outcome(3, 0, 0);  // only ours is right
    theirs.cells[0].recalls[1] = outcome(3, 0, 0);  // only ours is right
    theirs.cells[1].recalls[1] = outcome(7, 0, 0);  // only theirs
    for (Cell& cell : theirs.cells) cell.recalls.resize(3);
    CHECK(needles::paired(ours, theirs).text() == Report()
                                                      .set("task", "s_niah_2")
                                                      .set("windows", 64)
                                                      .set("against", "oldest")
                                                      .set("only_ours", 2)
                                                      .set("only_theirs", 1)
                                                      .set("mcnemar_p", measure::mcnemar(2, 1))
                                                      .text());
  }
}

}  // namespace
