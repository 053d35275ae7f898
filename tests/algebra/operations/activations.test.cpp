// SPDX-License-Identifier: Apache-2.0
#include <ttt/algebra/operations/activations.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

#include "laws/causal.hpp"
#include "laws/operation.hpp"
#include "reference/silu_gate.hpp"

namespace {

using namespace ttt;
using laws::normal;

/// Rounding of a few exponentials.
template <class S>
constexpr double tolerance = 1e-12;
template <>
constexpr double tolerance<float> = 1e-6;

/// f of every element, in double.
template <class S, class F>
Matrix<double> plain(const Matrix<S>& x, F f) {
  return x.template cast<double>().unaryExpr(f);
}

double gelu_of(double x) {
  return x / 2 * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * std::pow(x, 3))));
}

TEST_SUITE("algebra") {
  TEST_CASE_TEMPLATE("Functions of one number equal their plain loops", S, double, float) {
    Random random(1);
    for (const Index size : {1, 15, 16, 17, 33}) {
      CAPTURE(size);
      const auto x = normal<S>(3, size, random, 3);
      CHECK(laws::disagreement(sigmoid(x), plain(x, [](double a) {
                                 return 1 / (1 + std::exp(-a));
                               })) < tolerance<S>);
      CHECK(laws::disagreement(softplus_of(x), plain(x, [](double a) {
                                 return std::log(1 + std::exp(a));
                               })) < tolerance<S>);
      CHECK(laws::disagreement(gelu(x), plain(x, gelu_of)) < tolerance<S>);
      CHECK(laws::disagreement(log_sigmoid(x, 2), plain(x, [](double a) {
                                 return std::log(1 / (1 + std::exp(-a - 2)));
                               })) < tolerance<S>);
    }
  }

  TEST_CASE_TEMPLATE("silu_gate and multiply_elements equal their plain loops", S, double, float) {
    Random random(2);
    for (const Index size : {1, 15, 16, 17, 33}) {
      CAPTURE(size);
      const auto a = normal<S>(3, size, random, 3);
      const auto b = normal<S>(3, size, random);
      CHECK(laws::disagreement(silu_gate(a, b), reference::silu_gate(a, b)) < tolerance<S>);
      CHECK(multiply_elements(a, b) == a.cwiseProduct(b));
    }
  }

  TEST_CASE("gelu has its known values") {
    Matrix<double> x(1, 3);
    x << -1, 0, 2;
    const Matrix<double> y = gelu(x);
    constexpr double printed = 5e-9;  // eight decimals of torch.nn.functional.gelu, tanh
    CHECK(std::abs(y(0, 0) + 0.15880801) < printed);
    CHECK(y(0, 1) == 0);
    CHECK(std::abs(y(0, 2) - 1.95459769) < printed);
  }

  TEST_CASE("Gates are shut far below zero and open far above, without overflow") {
    Matrix<float> x(1, 3);
    x << -1e4F, 0, 1e4F;
    const Matrix<float> one = Matrix<float>::Ones(1, 3);
    const Matrix<float> s = sigmoid(x);
    CHECK(s(0, 0) < 1e-30F);
    CHECK(s(0, 1) == 0.5F);
    CHECK(s(0, 2) == 1);
    for (const Matrix<float>& y : {Matrix<float>(silu_gate(x, one)), Matrix<float>(gelu(x)),
                                   Matrix<float>(softplus_of(x))}) {
      CHECK(std::abs(y(0, 0)) < 1e-30F);
      CHECK(y(0, 2) == 1e4F);
    }
    CHECK(softplus_of(x)(0, 1) == doctest::Approx(std::log(2.0)));
    CHECK(log_sigmoid(x)(0, 0) == -1e4F);
    CHECK(std::abs(log_sigmoid(x)(0, 2)) < 1e-30F);
    CHECK(log_sigmoid(x, 80)(0, 1) < 0);  // where the sigmoid itself is rounded to 1
  }

  TEST_CASE("Functions of one number have their derivatives") {
    Random random(3);
    for (const Index size : {1, 16, 17}) {
      CAPTURE(size);
      laws::check_operation(Logistic{}, normal(1, size, random, 2));
      laws::check_operation(Softplus{}, normal(2, size, random, 2));
      laws::check_operation(Gelu{}, normal(2, size, random, 2));
      laws::check_operation(LogLogistic{{.shift = 0.5}}, normal(2, size, random, 2));
    }
  }

  TEST_CASE("silu_gate and multiply_elements have their derivatives") {
    Random random(4);
    for (const Index size : {1, 15, 16, 17, 33}) {
      CAPTURE(size);
      laws::check_operation(SiluGate{}, normal(1, size, random, 2), normal(1, size, random));
      laws::check_operation(Multiply{}, normal(2, size, random), normal(2, size, random));
    }
    laws::check_operation(SiluGate{}, normal(3, 7, random, 2), normal(3, 7, random));
  }

  TEST_CASE("Activations are causal") {
    Random random(5);
    const auto a = normal<float>(5, 7, random);
    laws::check_causal([](const Matrix<float>& x) { return sigmoid(x); }, a);
    laws::check_causal([](const Matrix<float>& x) { return softplus_of(x); }, a);
    laws::check_causal([](const Matrix<float>& x) { return gelu(x); }, a);
    laws::check_causal([&](const Matrix<float>& b) { return silu_gate(a, b); }, a);
    laws::check_causal([&](const Matrix<float>& b) { return silu_gate(b, a); }, a);
    laws::check_causal([&](const Matrix<float>& b) { return multiply_elements(b, a); }, a);
  }

  TEST_CASE("Activations of two arrays refuse shapes that differ") {
    const Matrix<double> a = Matrix<double>::Zero(2, 3);
    const Matrix<double> b = Matrix<double>::Zero(2, 4);
    CHECK_THROWS_WITH_AS(silu_gate(a, b), "silu_gate: b must be [2, 3], got [2, 4]", ShapeError);
    CHECK_THROWS_WITH_AS(multiply_elements(a, b), "multiply_elements: b must be [2, 3], got [2, 4]",
                         ShapeError);
  }
}

}  // namespace
