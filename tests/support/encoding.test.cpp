// SPDX-License-Identifier: Apache-2.0
#include "support/encoding.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

using support::Encoding;

TEST_SUITE("support") {
  TEST_CASE("a vocabulary of bytes has a token for each byte, and needs no file") {
    const Encoding encoding(256, "");
    const std::string text("caf\xc3\xa9\0\xff", 7);
    const std::vector<ttt::Token> tokens = encoding.encode(text);
    CHECK(tokens == std::vector<ttt::Token>{'c', 'a', 'f', 0xc3, 0xa9, 0, 0xff});
    CHECK(encoding.decode(tokens) == text);
    CHECK(encoding.bytes(tokens).empty());
  }

  TEST_CASE("any other vocabulary needs a file of pieces") {
    CHECK_THROWS_WITH_AS(Encoding(1024, ""), "--pieces must name a file for this model",
                         ttt::RangeError);
  }
}

}  // namespace
