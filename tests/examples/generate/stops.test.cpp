// SPDX-License-Identifier: Apache-2.0
#include "generate/stops.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

using generating::Stops;

/// What passes of a text that comes in pieces of a size.
std::string passed(const std::string& text, std::size_t size, Stops stops) {
  std::string result;
  for (std::size_t begin = 0; begin < text.size(); begin += size) {
    result += stops.pass(text.substr(begin, size));
  }
  return result + stops.rest();
}

TEST_SUITE("examples/generate") {
  TEST_CASE("a text ends before the first stop, however it is cut into pieces") {
    const std::string text = "one, two; three. aab four";
    for (std::size_t size = 1; size <= text.size(); ++size) {
      CAPTURE(size);
      CHECK(passed(text, size, Stops({})) == text);
      CHECK(passed(text, size, Stops({"zero", "one,two"})) == text);
      CHECK(passed(text, size, Stops({"three", "; "})) == "one, two");
      CHECK(passed(text, size, Stops({"o, two"})) == text);
      CHECK(passed(text, size, Stops({"ab"})) == "one, two; three. a");
      CHECK(passed(text, size, Stops({"one"})).empty());
      CHECK(passed(text, size, Stops({"four!"})) == text);
    }
  }

  TEST_CASE("of what came, no more is held back than a stop could begin with") {
    Stops stops({"\n\n", "END"});
    CHECK(stops.pass("a line\n") == "a line");
    CHECK(stops.pass("EN") == "\n");
    CHECK(stops.pass("OUGH") == "ENOUGH");
    CHECK(!stops.reached());
    CHECK(stops.pass("\n\nmore") == "");
    CHECK(stops.reached());
    CHECK(stops.pass("even more").empty());
    CHECK(stops.rest().empty());
  }

  TEST_CASE("an empty stop is refused") {
    CHECK_THROWS_WITH_AS(Stops({"a", ""}), "--stop must hold a byte, got none", ttt::RangeError);
  }
}

}  // namespace
