// SPDX-License-Identifier: Apache-2.0
#include "support/progress.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>
#include <string>

#include "support/printable.hpp"

namespace {

using support::progress_bar;
using support::progress_line;
using support::progress_text;
using ttt::Index;

TEST_SUITE("support") {
  TEST_CASE("a line tells step, loss, rate and the time left at the rate so far") {
    CHECK(progress_line({.name = "train", .steps = 1000},
                        {.step = 120, .tokens = 1'234'500, .loss = 2.10342},
                        100.0) == "train 120/1000  loss 2.1034  12.3 k tokens/s  12:13 left");
  }

  TEST_CASE("the loss of held-out texts stands behind that of training") {
    CHECK(progress_line({.name = "train", .steps = 1000},
                        {.step = 120, .loss = 2.10342, .held_out = 2.25},
                        100.0) == "train 120/1000  loss 2.1034  held out 2.2500  12:13 left");
  }

  TEST_CASE("time left counts only the steps of this run") {
    CHECK(progress_line({.name = "train", .steps = 1000, .first = 500}, {.step = 600}, 3600.0) ==
          "train 600/1000  4:00:00 left");
    CHECK(progress_line({.name = "train", .steps = 1000, .first = 500}, {.step = 500}, 0.0) ==
          "train 500/1000");
  }

  TEST_CASE("the last line tells the time that was taken") {
    CHECK(progress_line({.name = "read", .steps = 8}, {.step = 8, .tokens = 64}, 64.0) ==
          "read 8/8  1 tokens/s  1:04");
  }

  TEST_CASE("a bar fills from empty to full and never beyond") {
    CHECK(progress_bar(0.0, 4) == "[....]");
    CHECK(progress_bar(0.5, 4) == "[##..]");
    CHECK(progress_bar(1.0, 4) == "[####]");
    CHECK(progress_bar(1.5, 4) == "[####]");
  }

  TEST_CASE("away from a terminal a quick task is two plain lines") {
    std::ostringstream out;
    {
      support::Progress progress({.name = "read", .steps = 100}, out);
      for (Index step = 1; step <= 100; ++step) progress.show({.step = step});
    }
    const std::string text = out.str();
    CHECK(std::ranges::count(text, '\n') == 2);
    CHECK(text.starts_with("read 1/100  "));
    CHECK(text.find('\r') == std::string::npos);
    CHECK(text.find('\x1b') == std::string::npos);
  }

  TEST_CASE("on a terminal the bar redraws its line and ends it once") {
    std::ostringstream out;
    {
      support::Progress progress({.name = "read", .steps = 2}, out, [] { return Index{80}; });
      progress.show({.step = 1});
      progress.show({.step = 2});
    }
    const std::string text = out.str();
    CHECK(text.starts_with("\r[############............] read 1/2"));
    CHECK(text.find("[########################] read 2/2") != std::string::npos);
    CHECK(std::ranges::count(text, '\n') == 1);
    CHECK(text.ends_with("\n"));
  }

  TEST_CASE("a line never fills the terminal, however narrow") {
    const support::Task task{.name = "s_niah_2 64 least_attended \xc3\xa9", .steps = 1'000'000};
    const support::Tick tick{.step = 123'456, .tokens = 123'456'000, .loss = 2.10342};
    for (Index columns = 1; columns <= 130; ++columns) {
      CAPTURE(columns);
      CHECK(support::columns_of(progress_text(task, tick, 1000.0, columns)) < columns);
    }
  }

  TEST_CASE("where there is little room, what is done and what is left is said") {
    const support::Task task{.name = "s_niah_2 64 least_attended", .steps = 1'000'000};
    const support::Tick tick{.step = 123'456, .tokens = 123'456'000};
    CHECK(progress_text(task, tick, 1000.0, 80) ==
          "s_niah_2 64 least_attended 123456/1000000  123 k tokens/s  1:58:20 left");
    CHECK(progress_text(task, tick, 1000.0, 50) == "s_niah_2 64 least_attended 12 %  1:58:20 left");
    CHECK(progress_text(task, tick, 1000.0, 20) == "12 %  1:58:20 left");
    CHECK(progress_text(task, tick, 1000.0, 5) == "12 %");
  }

  TEST_CASE("the terminal is asked for its width at each redraw") {
    std::ostringstream out;
    Index columns = 80;
    {
      support::Progress progress({.name = "read", .steps = 2}, out, [&] { return columns; });
      progress.show({.step = 1});
      columns = 12;
      progress.show({.step = 2});
    }
    CHECK(out.str().starts_with("\r[############............] read 1/2"));
    CHECK(out.str().ends_with("\r100 %  0:00\x1b[K\n"));
  }

  TEST_CASE("what is no terminal is 80 columns wide") {
    CHECK(support::terminal_columns(-1) == 80);
  }

  TEST_CASE("a name cannot break the line or command the terminal") {
    CHECK(progress_line({.name = "a\nb\x1b[2J\xff", .steps = 2}, {.step = 0}, 0.0) ==
          "a b\\x1b[2J\\xff 0/2");
  }
}

}  // namespace
