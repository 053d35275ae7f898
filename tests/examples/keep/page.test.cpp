// SPDX-License-Identifier: Apache-2.0
#include "keep/page.hpp"

#include <ttt/file/utf8.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

namespace {

using namespace ttt;
using keeping::Marks;

TEST_SUITE("examples/keep") {
  TEST_CASE("a page is UTF-8 and a mark holds whole characters, whichever bytes are kept") {
    const std::string text = "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 end";
    for (Index t = 0; t < std::ssize(text); ++t) {
      for (Index window = 0; window <= std::ssize(text); ++window) {
        const std::string page = keeping::html(text, Marks{{t, {.caches = 1}}}, 3, window);
        CAPTURE(t);
        CHECK(file::utf8_prefix(page) == page.size());
        CHECK(page.find("<mark") == page.rfind("<mark"));
      }
    }
  }

  TEST_CASE("a character is marked as its byte that most caches keep") {
    const Marks marks{{0, {.caches = 1}}, {1, {.caches = 2}}};
    const std::string mark = keeping::shown("\xc3\xa9", 0, marks, 3);
    CHECK(mark.find("byte 1, ") != std::string::npos);
    CHECK(mark.find("kept by 2 of 3") != std::string::npos);
    CHECK(mark.ends_with(">\xc3\xa9</mark>"));
  }

  TEST_CASE("bytes that are no text are replaced") {
    const std::string page = keeping::html("a\xff\xfe", Marks{}, 3, 3);
    CHECK(page.find("a\xEF\xBF\xBD\xEF\xBF\xBD") != std::string::npos);
  }

  TEST_CASE("a page begins and ends with a whole character") {
    CHECK(keeping::beginning("ab\xe2\x82\xac", 2) == "ab");
    CHECK(keeping::beginning("ab\xe2\x82\xac", 4) == "ab");
    CHECK(keeping::beginning("ab\xe2\x82\xac", 5) == "ab\xe2\x82\xac");
    CHECK(keeping::beginning("ab", 1000) == "ab");
  }
}

}  // namespace
