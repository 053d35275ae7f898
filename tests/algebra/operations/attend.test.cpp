// SPDX-License-Identifier: Apache-2.0
#include "reference/attend.hpp"

#include <ttt/algebra/operations/attend.hpp>

#include <doctest/doctest.h>

#include "laws/causal.hpp"
#include "laws/operation.hpp"

namespace {

using namespace ttt;
using laws::normal;

/// Rounding of a softmax over a few hundred keys.
template <class S>
constexpr double tolerance = 1e-12;
template <>
constexpr double tolerance<float> = 1e-5;

struct Case {
  Index queries, keys, heads, head, window;
};

TEST_SUITE("algebra") {
  TEST_CASE_TEMPLATE("attend equals its plain loops", S, double, float) {
    Random random(1);
    for (const auto& [queries, keys, heads, head, window] : {
             Case{1, 1, 1, 2, 1},        // itself alone
             Case{15, 15, 3, 5, 100},    // a window larger than the text
             Case{16, 16, 1, 16, 16},    // as large as the text
             Case{17, 17, 2, 4, 5},      // smaller
             Case{33, 33, 2, 3, 1},      // each its own value
             Case{1, 40, 2, 4, 33},      // one query behind many keys
             Case{8, 24, 2, 6, 16},      // a chunk behind a full window
             Case{8, 100, 1, 4, 16},     // keys that nobody sees
             Case{200, 200, 1, 4, 17},   // several tiles with a window inside a tile
             Case{200, 211, 1, 4, 130},  // several tiles, a window over tiles
             Case{129, 129, 1, 2, 500},  // several tiles, everything seen
         }) {
      CAPTURE(queries);
      CAPTURE(keys);
      CAPTURE(window);
      const auto q = normal<S>(queries, heads * head, random);
      const auto k = normal<S>(keys, heads * head, random);
      const auto v = normal<S>(keys, heads * head, random);
      CHECK(laws::disagreement(attend(q, k, v, heads, window),
                               reference::attend(q, k, v, heads, window)) < tolerance<S>);
    }
  }

  TEST_CASE("attend keeps its digits when scores are large") {
    Random random(2);
    const auto q = normal<float>(5, 4, random, 30);
    const auto k = normal<float>(5, 4, random, 30);
    const auto v = normal<float>(5, 4, random);
    const auto y = attend(q, k, v, 1, 5);
    CHECK(y.allFinite());
    CHECK(y.row(0) == v.row(0));
  }

  TEST_CASE("attend has its derivatives") {
    Random random(3);
    for (const auto& [queries, keys, heads, head, window] :
         {Case{1, 1, 1, 2, 1}, Case{15, 15, 2, 3, 4}, Case{16, 16, 1, 4, 99},
          Case{17, 17, 1, 3, 17}, Case{1, 33, 1, 5, 20}, Case{5, 33, 2, 2, 33},
          Case{4, 20, 1, 4, 6}, Case{70, 75, 1, 2, 9}}) {
      CAPTURE(queries);
      CAPTURE(keys);
      CAPTURE(window);
      laws::check_operation(AttendWindow{.heads = heads, .window = window},
                            normal(queries, heads * head, random),
                            normal(keys, heads * head, random), normal(keys, heads * head, random));
    }
  }

  TEST_CASE_TEMPLATE("attend is causal, and blind beyond its window", S, double, float) {
    Random random(4);
    const auto x = normal<S>(70, 8, random, 0.3);
    for (const Index queries : {70, 7}) {
      for (const Index window : {3, 16, 70}) {
        laws::check_causal<S>(
            [&](const Matrix<S>& tokens) {
              return attend(Matrix<S>(tokens.bottomRows(queries)), tokens, tokens, 2, window);
            },
            x);
        Matrix<S> other = x;
        other.topRows(70 - window).setRandom();
        CHECK(attend(Matrix<S>(other.bottomRows(1)), other, other, 2, window) ==
              attend(Matrix<S>(x.bottomRows(1)), x, x, 2, window));
      }
    }
  }

  TEST_CASE("attend refuses shapes that do not fit") {
    const auto zeros = [](Index rows, Index cols) {
      return Matrix<double>(Matrix<double>::Zero(rows, cols));
    };
    CHECK_THROWS_WITH_AS(attend(zeros(2, 4), zeros(2, 6), zeros(2, 6), 2, 8),
                         "attend: k must be [*, 4], got [2, 6]", ShapeError);
    CHECK_THROWS_WITH_AS(attend(zeros(2, 4), zeros(2, 4), zeros(3, 4), 2, 8),
                         "attend: v must be [2, 4], got [3, 4]", ShapeError);
    CHECK_THROWS_WITH_AS(attend(zeros(2, 4), zeros(2, 4), zeros(2, 2), 2, 8),
                         "attend: v must be [2, 4], got [2, 2]", ShapeError);
    CHECK_THROWS_WITH_AS(attend(zeros(3, 4), zeros(2, 4), zeros(2, 4), 2, 8),
                         "attend: k must be [3, 4], got [2, 4]", ShapeError);
  }
}

}  // namespace
