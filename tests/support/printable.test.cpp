// SPDX-License-Identifier: Apache-2.0
#include "support/printable.hpp"

#include <ttt/file/utf8.hpp>
#include <ttt/random.hpp>

#include <doctest/doctest.h>

#include <string>

#include "support/svg_text.hpp"

namespace {

using support::first_character;
using support::printable;

TEST_SUITE("support") {
  TEST_CASE("a character is as long as its UTF-8, and a stray byte is none") {
    CHECK(first_character("ab") == 1);
    CHECK(first_character("\xc3\xa9x") == 2);
    CHECK(first_character("\xe2\x82\xac") == 3);
    CHECK(first_character("\xf0\x9f\x98\x80") == 4);
    CHECK(first_character("\xa9") == 0);
    CHECK(first_character("\xe2\x82") == 0);
    CHECK(first_character("") == 0);
  }

  TEST_CASE("text passes to a terminal, control characters and stray bytes as their numbers") {
    CHECK(printable("caf\xc3\xa9\n\t1") == "caf\xc3\xa9\n\t1");
    CHECK(printable(std::string("\x1b[2J\x00\x7f\r", 7)) == "\\x1b[2J\\x00\\x7f\\x0d");
    CHECK(printable("\xc3\xc2\x9b\xff") == "\\xc3\\xc2\\x9b\\xff");
  }

  TEST_CASE("any bytes become UTF-8, for a terminal and in a picture") {
    ttt::Random random(1);
    for (int i = 0; i < 1000; ++i) {
      std::string text;
      for (int n = 0; n < 12; ++n) text += static_cast<char>(random.below(256));
      for (const std::string& shown : {printable(text), support::escaped(text)}) {
        CHECK(ttt::file::utf8_prefix(shown) == shown.size());
      }
    }
  }

  TEST_CASE("a character of several bytes takes one column") {
    CHECK(support::columns_of("caf\xc3\xa9 \xe2\x82\xac") == 6);
  }
}

}  // namespace
