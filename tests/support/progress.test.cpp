// SPDX-License-Identifier: Apache-2.0
#include "support/progress.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>
#include <string>

namespace {

using support::progress_bar;
using support::progress_line;

TEST_SUITE("support") {
  TEST_CASE("a line tells step, loss, rate and the time left at the rate so far") {
    CHECK(progress_line({.name = "train", .steps = 1000},
                        {.step = 120, .tokens = 1'234'500, .loss = 2.10342},
                        100.0) == "train 120/1000  loss 2.1034  12.3 k tokens/s  12:13 left");
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
      support::Progress progress({.name = "read", .steps = 100}, out, false);
      for (ttt::Index step = 1; step <= 100; ++step) progress.show({.step = step});
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
      support::Progress progress({.name = "read", .steps = 2}, out, true);
      progress.show({.step = 1});
      progress.show({.step = 2});
    }
    const std::string text = out.str();
    CHECK(text.starts_with("\r[############............] read 1/2"));
    CHECK(text.find("[########################] read 2/2") != std::string::npos);
    CHECK(std::ranges::count(text, '\n') == 1);
    CHECK(text.ends_with("\n"));
  }
}

}  // namespace
