// SPDX-License-Identifier: Apache-2.0
#include "support/report.hpp"

#include <ttt/data/files.hpp>
#include <ttt/error.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

using support::Report;
namespace fs = std::filesystem;

TEST_SUITE("support") {
  TEST_CASE("a report is a JSON object in the order of its members") {
    Report report;
    report.set("name", "kjv").set("loss", 1.25).set("steps", 3).set("done", true);
    CHECK(report.text() ==
          "{\n  \"name\": \"kjv\",\n  \"loss\": 1.25,\n  \"steps\": 3,\n  \"done\": true\n}\n");
  }

  TEST_CASE("a report nests in a report, alone and in arrays") {
    const std::vector<Report> bins{Report().set("begin", 0), Report().set("begin", 64)};
    Report report;
    report.set("bins", bins).set("machine", Report().set("cores", 2)).set("none", Report());
    CHECK(report.text() == R"({
  "bins": [
    {
      "begin": 0
    },
    {
      "begin": 64
    }
  ],
  "machine": {
    "cores": 2
  },
  "none": {}
}
)");
  }

  TEST_CASE("arrays hold numbers and texts, and may be empty or nested") {
    Report report;
    report.set("x", std::vector{1.0, 0.5})
        .set("y", std::vector<std::string>{"a", "b"})
        .set("z", std::vector<std::vector<int>>{{}, {1}});
    CHECK(report.text() ==
          "{\n  \"x\": [\n    1.0,\n    0.5\n  ],\n  \"y\": [\n    \"a\",\n    \"b\"\n  ],\n"
          "  \"z\": [\n    [],\n    [\n      1\n    ]\n  ]\n}\n");
  }

  TEST_CASE("the last value set under a name is the one that stays") {
    CHECK(Report().set("a", 1).set("b", 2).set("a", 3).text() == "{\n  \"a\": 3,\n  \"b\": 2\n}\n");
  }

  TEST_CASE("a number that is not finite is null") {
    CHECK(Report().set("a", std::numeric_limits<double>::quiet_NaN()).text() ==
          "{\n  \"a\": null\n}\n");
    CHECK(Report().set("a", std::numeric_limits<double>::infinity()).text() ==
          "{\n  \"a\": null\n}\n");
  }

  TEST_CASE("whole numbers keep all their digits") {
    CHECK(Report().set("a", std::numeric_limits<std::uint64_t>::max()).text() ==
          "{\n  \"a\": 18446744073709551615\n}\n");
    CHECK(Report().set("a", std::numeric_limits<std::int64_t>::min()).text() ==
          "{\n  \"a\": -9223372036854775808\n}\n");
  }

  TEST_CASE("texts are escaped and bytes that are not UTF-8 replaced") {
    CHECK(Report().set("a\"b", "\n\xff").text() == "{\n  \"a\\\"b\": \"\\n\xEF\xBF\xBD\"\n}\n");
  }

  TEST_CASE("a written report holds its text, and a folder that is not there is refused") {
    const fs::path path =
        fs::temp_directory_path() / ("ttt_report." + std::to_string(::getpid()) + ".json");
    const Report report = Report().set("loss", 1.25);
    report.write(path);
    CHECK(ttt::data::read_text(path) == report.text());
    fs::remove(path);
    CHECK_THROWS_AS(report.write(path / "missing" / "report.json"), ttt::FileError);
  }

  TEST_CASE("settings are written as on a command line") {
    CHECK(support::parse_settings(R"({"width": 256, "rate": 3e-3, "text": "kjv", "meta": true})",
                                  "recipe") ==
          support::Settings{
              {"width", {"256"}}, {"rate", {"0.003"}}, {"text", {"kjv"}}, {"meta", {"true"}}});
    CHECK(support::parse_settings(R"({"slots": [16, 32]})", "recipe") ==
          support::Settings{{"slots", {"16", "32"}}});
  }

  TEST_CASE("settings that are not flat are refused by name") {
    CHECK_THROWS_WITH_AS((void)support::parse_settings("[1]", "a.json"),
                         "a.json: must be a JSON object", ttt::FormatError);
    CHECK_THROWS_WITH_AS((void)support::parse_settings("{\"a\": 1", "a.json"),
                         "a.json: must be a JSON object", ttt::FormatError);
    CHECK_THROWS_WITH_AS((void)support::parse_settings(R"({"a": {"b": 1}})", "a.json"),
                         "a.json: a must be a number, a text, a truth value or a list, got object",
                         ttt::FormatError);
  }
}

}  // namespace
