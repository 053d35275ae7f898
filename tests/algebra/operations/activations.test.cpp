// SPDX-License-Identifier: Apache-2.0
#include "reference/silu_gate.hpp"

#include <ttt/algebra/operations/silu_gate.hpp>

#include <doctest/doctest.h>

#include <cmath>

#include "laws/causal.hpp"
#include "laws/operation.hpp"

namespace {

using namespace ttt;
using laws::normal;

/// Rounding of one exponential.
template <class S>
constexpr double tolerance = 1e-12;
template <>
constexpr double tolerance<float> = 1e-6;

TEST_SUITE("algebra") {
  TEST_CASE_TEMPLATE("silu_gate equals its plain loop", S, double, float) {
    Random random(1);
    for (const Index size : {1, 15, 16, 17, 33}) {
      CAPTURE(size);
      const auto a = normal<S>(3, size, random, 3);
      const auto b = normal<S>(3, size, random);
      CHECK(laws::disagreement(silu_gate(a, b), reference::silu_gate(a, b)) < tolerance<S>);
    }
  }

  TEST_CASE("silu_gate is shut far below zero and open far above") {
    Matrix<float> a(1, 2);
    a << -1e4F, 1e4F;
    const Matrix<float> y = silu_gate(a, Matrix<float>(Matrix<float>::Ones(1, 2)));
    CHECK(std::abs(y(0, 0)) < 1e-30F);
    CHECK(y(0, 1) == 1e4F);
  }

  TEST_CASE("silu_gate has its derivatives") {
    Random random(2);
    for (const Index size : {1, 15, 16, 17, 33}) {
      CAPTURE(size);
      laws::check_operation(SiluGate{}, normal(1, size, random, 2), normal(1, size, random));
    }
    laws::check_operation(SiluGate{}, normal(3, 7, random, 2), normal(3, 7, random));
  }

  TEST_CASE("silu_gate is causal") {
    Random random(3);
    const auto a = normal<float>(5, 7, random);
    laws::check_causal([&](const Matrix<float>& b) { return silu_gate(a, b); }, a);
    laws::check_causal([&](const Matrix<float>& b) { return silu_gate(b, a); }, a);
  }

  TEST_CASE("silu_gate refuses shapes that differ") {
    const Matrix<double> a = Matrix<double>::Zero(2, 3);
    const Matrix<double> b = Matrix<double>::Zero(2, 4);
    CHECK_THROWS_WITH_AS(silu_gate(a, b), "silu_gate: b must be [2, 3], got [2, 4]", ShapeError);
  }
}

}  // namespace
