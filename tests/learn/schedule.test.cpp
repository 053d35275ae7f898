// SPDX-License-Identifier: Apache-2.0
#include <ttt/file/safetensors.hpp>
#include <ttt/learn/schedule.hpp>

#include <doctest/doctest.h>

#include <cmath>

namespace {

using namespace ttt;

TEST_SUITE("learn") {
  TEST_CASE("WarmupCosine has the rates of the original implementation") {
    const auto archive = file::read(TTT_TEST_DATA "/ttt_e2e/adamw.safetensors");
    const Matrix<double> rates = archive.matrix<double>("rate");
    const WarmupCosine schedule{.peak = 0.02, .end = 0.001, .warmup = 4, .steps = 12};
    REQUIRE(rates.size() == 16);
    for (Index step = 0; step < rates.size(); ++step) {
      CAPTURE(step);
      CHECK(std::abs(schedule.rate(step) - rates(0, step)) < 1e-12);
    }
  }

  TEST_CASE("WarmupCosine without warm-up starts at its peak, and stays at its end") {
    const WarmupCosine schedule{.peak = 2, .end = 1, .warmup = 0, .steps = 10};
    CHECK(schedule.rate(0) == 2);
    CHECK(schedule.rate(5) == doctest::Approx(1.5).epsilon(1e-15));
    CHECK(schedule.rate(10) == 1);
    CHECK(schedule.rate(1'000'000) == 1);
  }

  TEST_CASE("LinearRise goes in a line from near its start to one") {
    const LinearRise rise{.start = 0.1, .steps = 9};
    CHECK(rise.factor(0) == doctest::Approx(0.2).epsilon(1e-15));
    CHECK(rise.factor(4) == doctest::Approx(0.6).epsilon(1e-15));
    CHECK(rise.factor(8) == 1);
    CHECK(rise.factor(1000) == 1);
    CHECK(LinearRise{}.factor(0) == 1);
  }
}

}  // namespace
