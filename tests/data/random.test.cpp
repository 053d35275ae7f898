// SPDX-License-Identifier: Apache-2.0
#include <ttt/random.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cmath>

namespace {

using namespace ttt;

TEST_SUITE("data") {
  TEST_CASE("Random has the known bits of SplitMix64") {
    Random zero(0);
    CHECK(zero.bits() == 0xe220a8397b1dcdafU);
    CHECK(zero.bits() == 0x6e789e6aa1b965f4U);
    CHECK(zero.bits() == 0x06c45d188009454fU);
    Random other(42);
    CHECK(other.bits() == 0xbdd732262feb6e95U);
    CHECK(other.bits() == 0x28efe333b266f103U);
  }

  TEST_CASE("Random's numbers never change from one version to the next") {
    Random uniform(42);
    CHECK(uniform.uniform() == 0.74156487877182331);
    CHECK(uniform.uniform() == 0.1599103928769201);
    Random normal(42);
    CHECK(normal.normal() == doctest::Approx(0.88224890622226881).epsilon(1e-14));
    CHECK(normal.normal() == doctest::Approx(-0.45084987571886009).epsilon(1e-14));
    Random below(42);
    for (const Index expected : {7, 1, 2, 3, 0, 8, 2, 8}) CHECK(below.below(10) == expected);
  }

  TEST_CASE("Random goes on from its seed and its count") {
    Random random(7);
    for (int i = 0; i < 5; ++i) random.bits();
    random.normal();
    Random same(random.seed(), random.drawn());
    CHECK(same == random);
    CHECK(same.drawn() == 7);
    CHECK(same.bits() == random.bits());
    CHECK(same != Random(7));
  }

  TEST_CASE("uniform and below fill their range evenly") {
    constexpr int draws = 100'000;
    constexpr int cells = 20;
    Random random(3);
    std::array<int, cells> uniform{};
    std::array<int, cells> below{};
    for (int i = 0; i < draws; ++i) {
      const double u = random.uniform();
      REQUIRE(u >= 0);
      REQUIRE(u < 1);
      ++uniform[static_cast<std::size_t>(u * cells)];
      const Index n = random.below(cells);
      REQUIRE(n >= 0);
      REQUIRE(n < cells);
      ++below[static_cast<std::size_t>(n)];
    }
    for (const auto& counts : {uniform, below}) {
      constexpr double expected = static_cast<double>(draws) / cells;
      double chi_square = 0;
      for (const int n : counts) chi_square += (n - expected) * (n - expected) / expected;
      CHECK(chi_square < 43.8);  // 19 degrees of freedom: exceeded once in a thousand
      CHECK(chi_square > 5.4);   // and this undercut
    }
  }

  TEST_CASE("normal has the moments of the standard normal distribution") {
    constexpr int draws = 200'000;
    Random random(4);
    double mean = 0;
    double square = 0;
    double fourth = 0;
    int beyond = 0;
    for (int i = 0; i < draws; ++i) {
      const double x = random.normal();
      REQUIRE(std::isfinite(x));
      mean += x / draws;
      square += x * x / draws;
      fourth += x * x * x * x / draws;
      beyond += std::abs(x) > 1.959963985 ? 1 : 0;
    }
    // Four standard errors each.
    CHECK(std::abs(mean) < 4 * std::sqrt(1.0 / draws));
    CHECK(std::abs(square - 1) < 4 * std::sqrt(2.0 / draws));
    CHECK(std::abs(fourth - 3) < 4 * std::sqrt(96.0 / draws));
    CHECK(std::abs(beyond - 0.05 * draws) < 4 * std::sqrt(0.05 * 0.95 * draws));
  }
}

}  // namespace
