// SPDX-License-Identifier: Apache-2.0
#include <ttt/file/dtype.hpp>

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace {

using namespace ttt;
using namespace ttt::file;

std::uint16_t bf16(double value) {
  return std::bit_cast<std::uint16_t>(rounded<Eigen::bfloat16>(value));
}

std::uint16_t f16(double value) {
  return std::bit_cast<std::uint16_t>(rounded<Eigen::half>(value));
}

TEST_SUITE("file") {
  TEST_CASE("bf16 rounds to nearest and ties to even") {
    CHECK(bf16(1.0) == 0x3f80);
    CHECK(bf16(1.0 + 0x1p-8) == 0x3f80);      // a tie, down to even
    CHECK(bf16(1.0 + 3 * 0x1p-8) == 0x3f82);  // a tie, up to even
    CHECK(bf16(1.0 + 0x1p-8 + 0x1p-20) == 0x3f81);
    CHECK(bf16(-1.0 - 0x1p-8 - 0x1p-20) == 0xbf81);
  }

  TEST_CASE("rounding from double to 16 bits is not done twice") {
    CHECK(bf16(1.0 + 0x1p-8 + 0x1p-40) == 0x3f81);  // nearest float is a tie of bf16
    CHECK(bf16(1.0 + 3 * 0x1p-8 - 0x1p-40) == 0x3f81);
    CHECK(bf16(-1.0 - 0x1p-8 - 0x1p-40) == 0xbf81);
    CHECK(f16(1.0 + 0x1p-11 + 0x1p-40) == 0x3c01);
    CHECK(f16(1.0 + 3 * 0x1p-11 - 0x1p-40) == 0x3c01);
  }

  TEST_CASE("rounding keeps zeros, infinities and NaN") {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    CHECK(bf16(0.0) == 0x0000);
    CHECK(bf16(-0.0) == 0x8000);
    CHECK(bf16(infinity) == 0x7f80);
    CHECK(bf16(-infinity) == 0xff80);
    CHECK(bf16(1e300) == 0x7f80);
    CHECK(bf16(-1e-300) == 0x8000);
    CHECK(std::isnan(static_cast<float>(rounded<Eigen::bfloat16>(std::nan("")))));
    CHECK(std::isnan(static_cast<float>(rounded<Eigen::half>(std::nan("")))));
  }

  TEST_CASE("every bf16 and every f16 survives widening and rounding") {
    for (unsigned bits = 0; bits < 0x10000; ++bits) {
      const auto pattern = static_cast<std::uint16_t>(bits);
      const double wide = static_cast<float>(std::bit_cast<Eigen::bfloat16>(pattern));
      const double half = static_cast<float>(std::bit_cast<Eigen::half>(pattern));
      CAPTURE(bits);
      if (!std::isnan(wide)) REQUIRE(bf16(wide) == pattern);
      if (!std::isnan(half)) REQUIRE(f16(half) == pattern);
    }
  }

  TEST_CASE("a finite number that a type cannot hold is refused") {
    const std::vector<double> numbers{1, 70000};
    CHECK_NOTHROW(static_cast<void>(file::encode<double>(numbers, DType::bf16)));
    CHECK_THROWS_WITH_AS(static_cast<void>(file::encode<double>(numbers, DType::f16)),
                         "encode: 70000 is too large for F16", RangeError);
    const std::vector<double> large{1e39};
    CHECK_THROWS_AS(static_cast<void>(file::encode<double>(large, DType::f32)), RangeError);
    const std::vector<double> infinite{std::numeric_limits<double>::infinity()};
    CHECK_NOTHROW(static_cast<void>(file::encode<double>(infinite, DType::f16)));
  }

  TEST_CASE("a dtype is found by its name and by no other") {
    for (std::size_t i = 0; i < dtypes.size(); ++i) {
      CHECK(dtype_named(dtypes[i].name) == static_cast<DType>(i));
    }
    CHECK_FALSE(dtype_named("f32"));
    CHECK_FALSE(dtype_named("F8_E4M3"));
    CHECK_FALSE(dtype_named(""));
  }
}

}  // namespace
