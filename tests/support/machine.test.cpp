// SPDX-License-Identifier: Apache-2.0
#include "support/machine.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace {

using ttt::Index;

TEST_SUITE("support") {
  TEST_CASE("the machine has a name, a core and a compiler") {
    const support::Machine machine = support::this_machine();
    CHECK_FALSE(machine.cpu.empty());
    CHECK(machine.cores >= 1);
    CHECK_FALSE(machine.compiler.empty());
    CHECK(machine.report().text().find("\"cores\"") != std::string::npos);
  }

  TEST_CASE("memory that is touched is resident, and its peak outlives it") {
    constexpr Index size = Index{64} << 20;
    const Index before = support::resident_bytes();
    {
      const std::vector<char> touched(static_cast<std::size_t>(size), 'x');
      CHECK(touched.back() == 'x');
      CHECK(support::resident_bytes() - before > size * 9 / 10);
    }
    CHECK(support::peak_bytes() >= before + size * 9 / 10);
  }

  TEST_CASE("a stopwatch never runs backwards") {
    const support::Stopwatch watch;
    const double once = watch.seconds();
    CHECK(once >= 0.0);
    CHECK(watch.seconds() >= once);
  }

  TEST_CASE("measured rates are those of a computer") {
    // Between a tenth of a slow core and a hundred fast ones, to catch a wrong unit or a loop that
    // the compiler removed.
    for (const Index threads : {1, 2}) {
      const double bandwidth = support::read_bandwidth(threads, Index{32} << 20);
      CAPTURE(bandwidth);
      CHECK(bandwidth > 1e7);
      CHECK(bandwidth < 1e14);
    }
    const double rate = support::product_rate();
    CAPTURE(rate);
    CHECK(rate > 1e7);
    CHECK(rate < 1e14);
  }
}

}  // namespace
