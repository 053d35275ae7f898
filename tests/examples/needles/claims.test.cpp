// SPDX-License-Identifier: Apache-2.0
#include "needles/claims.hpp"

#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <vector>

namespace {

using namespace ttt;

TEST_SUITE("examples/needles") {
  TEST_CASE("a table of claims has a row for each, with what came of its samples") {
    const std::vector<recall::Claim> claims{{.group = "value", .name = "word", .kind = "word"},
                                            {.group = "needles", .name = "4", .needles = 4}};
    std::ostringstream out;
    const auto rows = needles::ask_claims(claims, out, [](const recall::Claim& claim) {
      const recall::Outcome right{
          .answer = "1234", .exact = true, .right = 4, .contained = 1, .addressed = 0.5};
      const recall::Outcome wrong{.answer = "1299", .right = 2, .contained = 0.5};
      return claim.needles == 4 ? needles::Cell{.recalls = {right, wrong}, .words = {}}
                                : needles::Cell{.recalls = {wrong, wrong}, .words = {}};
    });
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].exact() == 0);
    CHECK(rows[1].exact() == 1);
    CHECK(rows[1].right_bytes() == 0.75);
    const std::string text = rows[1].report().text();
    CHECK(text.find("\"name\": \"4\"") != std::string::npos);
    CHECK(text.find("\"exact\": 0.5") != std::string::npos);
    CHECK(text.find("\"stored\": 0.75") != std::string::npos);
    CHECK(out.str().ends_with(
        "   needles                 4   0.50  [0.09, 0.91]         0.75    0.75       0.50\n"));
  }
}

}  // namespace
