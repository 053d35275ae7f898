// SPDX-License-Identifier: Apache-2.0
#include <ttt/algebra/operations/attend_only_kept.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <type_traits>
#include <vector>

#include "laws/causal.hpp"
#include "laws/operation.hpp"
#include "reference/attend.hpp"

namespace {

using namespace ttt;
using laws::normal;

struct Case {
  Index queries, kept, heads, head;
  bool biased;
};

/// How many of `kept` each query sees, growing from query to query; the first sees none, where
/// there are several.
AttendOnlyKept operation(const Case& c) {
  AttendOnlyKept op{.heads = c.heads, .seen = {}};
  for (Index i = 0; i < c.queries; ++i) {
    op.seen.push_back(c.queries == 1 ? c.kept : c.kept * i / (c.queries - 1));
  }
  return op;
}

template <class S>
struct Inputs {
  Matrix<S> q, k, v, bias;

  Inputs(const Case& c, Random& random)
      : q(normal<S>(c.queries, c.heads * c.head, random)),
        k(normal<S>(c.kept, c.heads * c.head, random)),
        v(normal<S>(c.kept, c.heads * c.head, random)) {
    if (c.biased) bias = normal<S>(c.kept, 1, random);
  }

  [[nodiscard]] Matrix<S> value(const AttendOnlyKept& op) const { return op.value(q, k, v, bias); }
};

TEST_SUITE("algebra") {
  TEST_CASE_TEMPLATE("attend_only_kept equals its plain loops", S, double, float) {
    Random random(1);
    const double tolerance = std::is_same_v<S, double> ? 1e-12 : 1e-5;
    for (const Case& c : {
             Case{1, 1, 1, 2, true},     // the least there can be
             Case{5, 3, 2, 4, false},    // without bias
             Case{8, 17, 2, 6, true},    // with it
             Case{130, 40, 3, 2, true},  // more queries than a tile
         }) {
      CAPTURE(c.queries);
      CAPTURE(c.kept);
      const Inputs<S> in(c, random);
      const AttendOnlyKept op = operation(c);
      CHECK(laws::disagreement(in.value(op), reference::attend_only_kept(in.q, in.k, in.v, in.bias,
                                                                         c.heads, op.seen)) <
            tolerance);
    }
  }

  TEST_CASE("attend_only_kept gives zeros to who sees nothing") {
    Random random(2);
    const Inputs<double> in({3, 4, 2, 2, true}, random);
    const Matrix<double> y = in.value({.heads = 2, .seen = {0, 0, 1}});
    CHECK(y.topRows(2) == Matrix<double>::Zero(2, 4));
    CHECK(laws::disagreement(Matrix<double>(y.row(2)), Matrix<double>(in.v.row(0))) < 1e-15);
  }

  TEST_CASE("attend_only_kept has its derivatives") {
    Random random(3);
    for (const Case& c : {Case{1, 1, 1, 2, true}, Case{4, 5, 2, 2, true}, Case{4, 5, 2, 2, false},
                          Case{17, 16, 1, 2, true}}) {
      CAPTURE(c.queries);
      const Inputs<double> in(c, random);
      laws::check_operation(operation(c), in.q, in.k, in.v, in.bias);
    }
  }

  TEST_CASE("attend_only_kept tells what was attended to") {
    Random random(4);
    Inputs<double> in({6, 4, 2, 4, true}, random);
    in.bias.setConstant(-50);  // nobody looks there
    in.bias(1, 0) = 50;        // but everybody here
    KeptAttention watched;
    static_cast<void>(in.value({.heads = 2, .seen = {0, 0, 2, 2, 4, 1}, .watched = &watched}));
    CHECK(watched.mass[1] == doctest::Approx(3));  // queries 2, 3 and 4 see it
    CHECK(watched.last[1] == 4);
    CHECK(watched.mass[0] == doctest::Approx(1));  // query 5 sees nothing else
    CHECK(watched.last[0] == -1);                  // and so gives no more than an equal share
    CHECK(watched.mass[3] < 1e-9);
    CHECK(watched.last[3] == -1);
  }

  TEST_CASE_TEMPLATE("attend_only_kept is causal", S, double, float) {
    Random random(5);
    const Case c{40, 9, 2, 4, true};
    const Inputs<S> in(c, random);
    laws::check_causal<S>(
        [&](const Matrix<S>& tokens) {
          AttendOnlyKept op{.heads = 2, .seen = {}};  // of one key alone a query would make nothing
          for (Index i = 0; i < tokens.rows(); ++i) op.seen.push_back(std::min(c.kept, 2 + i));
          return op.value(tokens, in.k, in.v, in.bias);
        },
        in.q);
  }

  TEST_CASE("attend_only_kept refuses what does not fit") {
    const auto zeros = [](Index rows, Index cols) {
      return Matrix<double>(Matrix<double>::Zero(rows, cols));
    };
    const AttendOnlyKept op{.heads = 1, .seen = {0, 3}};
    const auto value = [&](Index queries, Index kept, Index values, Index biases) {
      return op.value(zeros(queries, 4), zeros(kept, 4), zeros(values, 4), zeros(biases, 1));
    };
    CHECK_THROWS_WITH_AS(value(2, 3, 2, 0), "attend_only_kept: v must be [3, 4], got [2, 4]",
                         ShapeError);
    CHECK_THROWS_WITH_AS(value(2, 3, 3, 2), "attend_only_kept: bias must be [3, 1], got [2, 1]",
                         ShapeError);
    CHECK_THROWS_WITH_AS(value(1, 3, 3, 0), "attend_only_kept: seen must be [1], got [2]",
                         ShapeError);
    CHECK_THROWS_WITH_AS(value(2, 2, 2, 2), "attend_only_kept: seen must be in 0..2, got 3",
                         RangeError);
    CHECK_NOTHROW(value(2, 3, 3, 3));
  }
}

}  // namespace
