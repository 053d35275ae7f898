// SPDX-License-Identifier: Apache-2.0
#include <ttt/data/bytes.hpp>

#include <doctest/doctest.h>

#include <array>
#include <string>

namespace {

using namespace ttt;

TEST_SUITE("data") {
  TEST_CASE("a byte is the token of its value") {
    CHECK(data::bytes("Aa\n") == std::vector<Token>{65, 97, 10});
  }

  TEST_CASE("every byte comes back as itself") {
    std::string all;
    for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
    const auto tokens = data::bytes(all);
    CHECK(tokens.back() == data::byte_vocab - 1);
    CHECK(data::text(tokens) == all);
  }

  TEST_CASE("a token that is no byte is refused") {
    CHECK_THROWS_WITH_AS((void)data::text(std::array{65, 256}),
                         "text: token must be in 0..255, got 256", RangeError);
    CHECK_THROWS_WITH_AS((void)data::text(std::array{-1}), "text: token must be in 0..255, got -1",
                         RangeError);
  }
}

}  // namespace
