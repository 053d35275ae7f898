// SPDX-License-Identifier: Apache-2.0
#include <ttt/algebra/operations/add_row.hpp>
#include <ttt/algebra/operations/chunk_decays.hpp>
#include <ttt/algebra/operations/groups.hpp>
#include <ttt/algebra/operations/heads.hpp>
#include <ttt/algebra/operations/lower_triangle.hpp>
#include <ttt/algebra/operations/solve_lower.hpp>
#include <ttt/algebra/operations/unit_norm.hpp>

#include <doctest/doctest.h>

#include <cmath>

#include "laws/causal.hpp"
#include "laws/operation.hpp"

namespace {

using namespace ttt;
using laws::disagreement;
using laws::normal;
using M = Matrix<double>;

TEST_SUITE("algebra") {
  TEST_CASE("solve_lower solves what is below the diagonal, head by head") {
    Random random(1);
    const M a = normal(9, 2 * 9, random);
    const M b = normal(9, 2 * 5, random);
    const M x = solve_lower(a, b, 2);
    for (const Index h : {0, 1}) {
      M system = a.middleCols(h * 9, 9).triangularView<Eigen::StrictlyLower>();
      system += M::Identity(9, 9);
      CHECK(disagreement(M(system * x.middleCols(h * 5, 5)), M(b.middleCols(h * 5, 5))) < 1e-12);
    }
    laws::check_causal([&](const M& rows) { return solve_lower(a, rows, 2); }, b);
  }

  TEST_CASE("solve_lower has its derivatives") {
    Random random(2);
    for (const Index heads : {1, 2}) {
      for (const Index rows : {1, 2, 9}) {
        CAPTURE(heads);
        CAPTURE(rows);
        laws::check_operation(SolveLower{.heads = heads}, normal(rows, heads * rows, random, 0.5),
                              normal(rows, heads * 3, random));
      }
    }
  }

  TEST_CASE("solve_lower refuses what is not square") {
    CHECK_THROWS_WITH_AS(static_cast<void>(solve_lower(M(M::Zero(3, 6)), M(M::Zero(4, 2)), 2)),
                         "solve_lower: a must be [4, 8], got [3, 6]", ShapeError);
    CHECK_THROWS_WITH_AS(static_cast<void>(solve_lower(M(M::Zero(3, 6)), M(M::Zero(3, 3)), 2)),
                         "solve_lower: b must be [3, 2], got [3, 3]", ShapeError);
  }

  TEST_CASE("chunk_decays is what the factors of all tokens between multiply to") {
    Random random(3);
    const M g = -normal(6, 3, random).cwiseAbs();
    const auto [between, reach, left, whole] = chunk_decays(g);
    for (Index h = 0; h < 3; ++h) {
      const auto factors = [&](Index first, Index last) {
        double product = 1;
        for (Index t = first; t <= last; ++t) product *= std::exp(g(t, h));
        return product;
      };
      CHECK(whole(0, h) == doctest::Approx(factors(0, 5)).epsilon(1e-13));
      for (Index t = 0; t < 6; ++t) {
        CHECK(reach(t, h) == doctest::Approx(factors(0, t)).epsilon(1e-13));
        CHECK(left(t, h) == doctest::Approx(factors(t + 1, 5)).epsilon(1e-13));
        for (Index s = 0; s < 6; ++s) {
          CHECK(between(t, h * 6 + s) ==
                doctest::Approx(s > t ? 0 : factors(s + 1, t)).epsilon(1e-13));
        }
      }
    }
  }

  TEST_CASE("chunk_decays stays finite where nothing is left") {
    const Matrix<float> g = Matrix<float>::Constant(5, 1, -200);
    const auto [between, reach, left, whole] = chunk_decays(g);
    CHECK(between.isApprox(Matrix<float>::Identity(5, 5)));
    CHECK(reach.isZero());
    CHECK(left(4, 0) == 1);
    CHECK(whole(0, 0) == 0);
  }

  TEST_CASE("chunk_decays has its derivatives") {
    Random random(4);
    for (const Index rows : {1, 3, 17}) {
      for (const Index heads : {1, 3}) {
        CAPTURE(rows);
        CAPTURE(heads);
        laws::check_operation(ChunkDecays{}, M(normal(rows, heads, random).cwiseAbs() * -0.3));
      }
    }
  }

  TEST_CASE("Heads of a group are multiplied by what it shares") {
    Random random(5);
    const M a = normal(3, 4 * 5, random);
    const M b = normal(3, 2 * 5, random);
    const M y = multiply_groups(a, b, 4, 2);
    for (Index h = 0; h < 4; ++h) {
      CHECK(y.middleCols(h * 5, 5) ==
            a.middleCols(h * 5, 5).cwiseProduct(b.middleCols(h / 2 * 5, 5)));
    }
    for (const Index width : {1, 17}) {
      laws::check_operation(MultiplyGroups{4, 2}, normal(3, 4 * width, random),
                            normal(3, 2 * width, random));
      laws::check_operation(MultiplyGroups{3, 1}, normal(2, 3 * width, random),
                            normal(2, width, random));
    }
    CHECK_THROWS_WITH_AS(static_cast<void>(multiply_groups(a, a, 4, 2)),
                         "multiply_groups: b must be [3, 10], got [3, 20]", ShapeError);
  }

  TEST_CASE("lower_triangle leaves what is causal") {
    M x(2, 4);
    x << 1, 2, 3, 4, 5, 6, 7, 8;
    M expected(2, 4);
    expected << 2, 0, 4, 0, 6, 7, 8, 9;
    CHECK(lower_triangle(x, 1) == expected);
    Random random(6);
    laws::check_operation(LowerTriangle{.plus = 2}, normal(9, 2 * 9, random));
    CHECK_THROWS_WITH_AS(static_cast<void>(lower_triangle(M(M::Zero(2, 3)))),
                         "lower_triangle: x must be [2, 2], got [2, 3]", ShapeError);
  }

  TEST_CASE("unit_norm makes every head as long as the other") {
    Random random(7);
    const M x = normal(3, 2 * 9, random);
    const M y = unit_norm(x, 2, 3);
    for (Index t = 0; t < 3; ++t) {
      for (const Index h : {0, 1}) {
        CHECK(y.row(t).segment(h * 9, 9).norm() == doctest::Approx(3).epsilon(1e-6));
      }
    }
    for (const Index head : {1, 17}) {
      laws::check_operation(UnitNorm{.heads = 2, .by = 0.7, .epsilon = 0.1},
                            normal(3, 2 * head, random));
    }
  }

  TEST_CASE("add_row adds one row to all") {
    Random random(8);
    const M x = normal(3, 17, random);
    const M b = normal(1, 17, random);
    CHECK(add_row(x, b) == M(x.rowwise() + b.row(0)));
    laws::check_operation(AddRow{}, x, b);
    CHECK(add_bias(x, b) == add_row(x, b));
    CHECK(add_bias(x, M()) == x);
    CHECK_THROWS_WITH_AS(static_cast<void>(add_row(x, x)),
                         "add_row: b must be [1, 17], got [3, 17]", ShapeError);
  }

  TEST_CASE("scale_heads takes a number for each row and head") {
    Random random(9);
    const M x = normal(3, 4, random);
    const M s = normal(3, 2, random);
    const M y = scale_heads(x, s, 2);
    for (Index t = 0; t < 3; ++t) {
      for (Index i = 0; i < 4; ++i) CHECK(y(t, i) == doctest::Approx(2 * x(t, i) * s(t, i / 2)));
    }
    for (const Index width : {1, 17}) {
      laws::check_operation(ScaleHeads{.by = 2}, normal(3, 2 * width, random), s);
      laws::check_operation(ScaleHeads{.by = 2}, normal(3, 2 * width, random),
                            normal(1, 2, random));
    }
    CHECK_THROWS_WITH_AS(static_cast<void>(scale_heads(x, M(M::Zero(2, 2)))),
                         "scale_heads: s must be [3, *], got [2, 2]", ShapeError);
  }
}

}  // namespace
