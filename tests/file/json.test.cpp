// SPDX-License-Identifier: Apache-2.0
#include <ttt/file/json.hpp>
#include <ttt/file/safetensors.hpp>
#include <ttt/file/utf8.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace ttt;
using namespace ttt::file;
using namespace std::string_literals;

std::string string_in(std::string_view text) {
  json::Reader in(text, "header");
  std::string result = in.string();
  in.end();
  return result;
}

Index natural_in(std::string_view text) {
  json::Reader in(text, "header");
  const Index result = in.natural();
  in.end();
  return result;
}

TEST_SUITE("file") {
  TEST_CASE("a string is read back as it was quoted") {
    for (const std::string& text : {""s, "w"s, "\"\\/\b\f\n\r\t"s, "\0\x01\x1f\x7f"s,
                                    "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"s}) {
      CHECK(string_in(json::quoted(text)) == text);
    }
    CHECK(json::quoted("a\x01\n\"") == R"("a\u0001\n\"")");
  }

  TEST_CASE("escapes stand for their characters") {
    CHECK(string_in(R"("\"\\\/\b\f\n\r\t")") == "\"\\/\b\f\n\r\t");
    CHECK(string_in(R"("\u0041\u00e9\u20AC")") == "A\xc3\xa9\xe2\x82\xac");
    CHECK(string_in(R"("\ud83d\ude00")") == "\xf0\x9f\x98\x80");
  }

  TEST_CASE("a bad string is refused where it is bad") {
    const std::pair<std::string, const char*> cases[] = {
        {"x", "header byte 0: expected '\"', got 'x'"},
        {"", "header byte 0: expected '\"', got the end"},
        {"\"abc", "header byte 4: expected '\"', got the end"},
        {"\"a\nb\"", "header byte 2: a control character must be escaped"},
        {R"("\x")", "header byte 2: expected an escape, got 'x'"},
        {"\"\\", "header byte 2: expected an escape, got the end"},
        {R"("\u12g4")", "header byte 5: expected a hexadecimal digit, got 'g'"},
        {R"("\u12)", "header byte 5: expected a hexadecimal digit, got the end"},
        {R"("\ud83d")", "header byte 7: half a surrogate pair"},
        {R"("\ud83d\n")", "header byte 7: half a surrogate pair"},
        {R"("\ud83dA")", "header byte 7: half a surrogate pair"},
        {R"("\ud83d\u0041")", "header byte 13: half a surrogate pair"},
        {R"("\ude00")", "header byte 7: half a surrogate pair"},
        {R"("a" "b")", "header byte 4: expected the end, got '\"'"},
        {"\"a\xff\"", "header byte 2: not UTF-8"},
    };
    for (const auto& [text, message] : cases) {
      CAPTURE(text);
      CHECK_THROWS_WITH_AS(static_cast<void>(string_in(text)), message, FormatError);
    }
  }

  TEST_CASE("a natural number is digits and nothing else") {
    CHECK(natural_in(" 0 ") == 0);
    CHECK(natural_in("1203") == 1203);
    CHECK(natural_in("9223372036854775807") == 9223372036854775807);
    const std::pair<std::string, const char*> cases[] = {
        {"-1", "header byte 0: expected a natural number, got '-'"},
        {"+1", "header byte 0: expected a natural number, got '+'"},
        {"", "header byte 0: expected a natural number, got the end"},
        {"01", "header byte 1: a number must not begin with 0"},
        {"00", "header byte 1: a number must not begin with 0"},
        {"1.0", "header byte 1: expected the end, got '.'"},
        {"1e3", "header byte 1: expected the end, got 'e'"},
        {"true", "header byte 0: expected a natural number, got 't'"},
        {"9223372036854775808", "header byte 18: the number is too large"},
        {"99999999999999999999", "header byte 18: the number is too large"},
    };
    for (const auto& [text, message] : cases) {
      CAPTURE(text);
      CHECK_THROWS_WITH_AS(static_cast<void>(natural_in(text)), message, FormatError);
    }
  }

  TEST_CASE("UTF-8 ends at the first byte that breaks it") {
    CHECK(utf8_prefix("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80") == 10);
    CHECK(utf8_prefix("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf") == 10);
    const std::string_view bad[] = {
        "\x80",              // a tail alone
        "\xc3",              // cut
        "\xe2\x82",          // cut
        "\xf0\x9f\x98",      // cut
        "\xc3(",             // no tail
        "\xe2\x82(",         // no second tail
        "\xf0\x9f\x98(",     // no third tail
        "\xc0\xaf",          // overlong
        "\xc1\xbf",          // overlong
        "\xe0\x9f\xbf",      // overlong
        "\xf0\x8f\xbf\xbf",  // overlong
        "\xed\xa0\x80",      // a surrogate
        "\xf4\x90\x80\x80",  // beyond U+10FFFF
        "\xf5\x80\x80\x80",  // beyond U+10FFFF
        "\xff",
    };
    for (const std::string_view text : bad) {
      CAPTURE(json::quoted(text));
      CHECK(utf8_prefix("ab" + std::string(text) + "cd") == 2);
    }
  }

  TEST_CASE("bytes of every kind become UTF-8 that tells them apart") {
    CHECK(as_utf8("emma.txt") == "emma.txt");
    CHECK(as_utf8("caf\xc3\xa9") == "caf\xc3\xa9");
    CHECK(as_utf8("caf\xe9 100%") == "caf%E9 100%25");
    CHECK(as_utf8("\xff\xc3\xa9\xc3") == "%FF\xc3\xa9%C3");
    CHECK(as_utf8("a%FF") != as_utf8("a\xff"));
    std::string all;
    for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
    CHECK(utf8_prefix(as_utf8(all)) == as_utf8(all).size());
    Archive archive;
    archive.metadata["recipe"] = as_utf8(all);
    CHECK(parse(serialise(archive)) == archive);
  }
}

}  // namespace
