// SPDX-License-Identifier: Apache-2.0
#include <ttt/algebra/operations/convolve.hpp>

#include <doctest/doctest.h>

#include "laws/causal.hpp"
#include "laws/operation.hpp"

namespace {

using namespace ttt;
using laws::normal;

TEST_SUITE("algebra") {
  TEST_CASE_TEMPLATE("convolve equals its plain loops", S, double, float) {
    Random random(1);
    for (const Index before : {0, 1, 5}) {
      for (const Index width : {1, 16, 19}) {
        const auto x = normal<S>(before + 7, width, random);
        const auto w = normal<S>(4, width, random);
        Matrix<double> expected = Matrix<double>::Zero(7, width);
        for (Index t = 0; t < 7; ++t) {
          for (Index k = 0; k < 4 && k <= before + t; ++k) {
            for (Index c = 0; c < width; ++c) {
              expected(t, c) +=
                  static_cast<double>(w(k, c)) * static_cast<double>(x(before + t - k, c));
            }
          }
        }
        CAPTURE(before);
        CHECK(laws::disagreement(convolve(x, w, before), expected) <
              (std::is_same_v<S, double> ? 1e-14 : 1e-6));
      }
    }
  }

  TEST_CASE("convolve has its derivatives") {
    Random random(2);
    for (const Index width : {1, 15, 17}) {
      laws::check_operation(Convolve{.before = 0}, normal(5, width, random),
                            normal(3, width, random));
      laws::check_operation(Convolve{.before = 2}, normal(5, width, random),
                            normal(4, width, random));
    }
  }

  TEST_CASE_TEMPLATE("convolve is causal", S, double, float) {
    Random random(3);
    const auto w = normal<S>(4, 5, random);
    laws::check_causal([&](const Matrix<S>& x) { return convolve(x, w, 0); },
                       normal<S>(20, 5, random));
  }

  TEST_CASE("convolve refuses shapes that do not fit") {
    const Matrix<double> x = Matrix<double>::Zero(3, 4);
    const Matrix<double> w = Matrix<double>::Zero(2, 5);
    CHECK_THROWS_WITH_AS(convolve(x, w, 0), "convolve: w must be [*, 4], got [2, 5]", ShapeError);
    const Matrix<double> taps = Matrix<double>::Zero(2, 4);
    CHECK_THROWS_WITH_AS(convolve(x, taps, 4), "convolve: x must be [4, *], got [3, 4]",
                         ShapeError);
  }
}

}  // namespace
