// SPDX-License-Identifier: Apache-2.0
#include "generate/screen.hpp"

#include <doctest/doctest.h>

#include <sstream>
#include <string>

namespace {

TEST_SUITE("examples/generate") {
  TEST_CASE("a character is shown when its last byte has come, and not before") {
    std::ostringstream out;
    generating::Screen screen(out);
    screen.write("caf\xc3");
    CHECK(out.str() == "caf");
    screen.write("\xa9");
    CHECK(out.str() == "caf\xc3\xa9");
    screen.end();
    CHECK(out.str() == "caf\xc3\xa9\n");
  }

  TEST_CASE("what is no character, and what a terminal could obey, is escaped") {
    std::ostringstream out;
    generating::Screen screen(out);
    screen.write("a\x1b[2J\xff");
    screen.write("bcd");
    screen.write("\xe2\x82");
    screen.end();
    CHECK(out.str() == "a\\x1b[2J\\xffbcd\\xe2\\x82\n");
  }
}

}  // namespace
