// SPDX-License-Identifier: Apache-2.0
#include <ttt/algebra/operations/attend_kept.hpp>

#include <doctest/doctest.h>

#include <numeric>
#include <vector>

#include "laws/causal.hpp"
#include "laws/operation.hpp"
#include "reference/attend.hpp"

namespace {

using namespace ttt;
using laws::normal;

struct Case {
  Index queries, keys, kept, heads, head, window;
  bool biased;
};

/// How many of `kept` each query sees, growing from query to query.
std::vector<Index> growing(const Case& c) {
  std::vector<Index> seen;
  for (Index i = 0; i < c.queries; ++i) seen.push_back(c.kept * (i + 1) / c.queries);
  return seen;
}

AttendKept operation(const Case& c) {
  return {.heads = c.heads, .window = c.window, .seen = growing(c)};
}

template <class S>
struct Inputs {
  Matrix<S> q, k, v, far_q, kept_k, kept_v, bias;

  Inputs(const Case& c, Random& random)
      : q(normal<S>(c.queries, c.heads * c.head, random)),
        k(normal<S>(c.keys, c.heads * c.head, random)),
        v(normal<S>(c.keys, c.heads * c.head, random)),
        far_q(normal<S>(c.queries, c.heads * c.head, random)),
        kept_k(normal<S>(c.kept, c.heads * c.head, random)),
        kept_v(normal<S>(c.kept, c.heads * c.head, random)) {
    if (c.biased) bias = normal<S>(c.kept, 1, random);
  }

  [[nodiscard]] Matrix<S> value(const AttendKept& op) const {
    return op.value(q, k, v, far_q, kept_k, kept_v, bias);
  }
};

TEST_SUITE("algebra") {
  TEST_CASE_TEMPLATE("attend_kept equals its plain loops", S, double, float) {
    Random random(1);
    const double tolerance = std::is_same_v<S, double> ? 1e-12 : 1e-5;
    for (const Case& c : {
             Case{1, 1, 1, 1, 2, 1, true},        // the least there can be
             Case{5, 9, 3, 2, 4, 4, false},       // without bias
             Case{8, 24, 17, 2, 6, 16, true},     // a chunk behind a full window
             Case{70, 90, 33, 1, 4, 20, true},    // more queries than a tile
             Case{130, 130, 40, 3, 2, 500, true}  // every key of the window seen
         }) {
      CAPTURE(c.queries);
      CAPTURE(c.kept);
      const Inputs<S> in(c, random);
      CHECK(laws::disagreement(
                in.value(operation(c)),
                reference::attend_kept(in.q, in.k, in.v, in.far_q, in.kept_k, in.kept_v, in.bias,
                                       c.heads, c.window, growing(c))) < tolerance);
    }
  }

  TEST_CASE("attend_kept equals attend where nothing kept is seen") {
    Random random(2);
    const Case c{9, 20, 6, 2, 4, 7, true};
    const Inputs<double> in(c, random);
    AttendKept op = operation(c);
    op.seen.assign(9, 0);
    CHECK(laws::disagreement(in.value(op), attend(in.q, in.k, in.v, 2, 7)) < 1e-15);
  }

  TEST_CASE("attend_kept has its derivatives") {
    Random random(3);
    for (const Case& c : {Case{1, 1, 1, 1, 2, 1, true}, Case{4, 7, 5, 2, 2, 3, true},
                          Case{17, 18, 16, 1, 2, 17, true}}) {
      CAPTURE(c.queries);
      const Inputs<double> in(c, random);
      laws::check_operation(operation(c), in.q, in.k, in.v, in.far_q, in.kept_k, in.kept_v,
                            in.bias);
    }
  }

  TEST_CASE("attend_kept tells what was attended to") {
    Random random(4);
    const Case c{6, 9, 4, 2, 4, 5, true};
    Inputs<double> in(c, random);
    in.bias.setConstant(-50);  // nobody looks there
    in.bias(1, 0) = 50;        // but everybody here
    KeptAttention watched;
    AttendKept op = operation(c);
    op.seen = {0, 0, 2, 2, 4, 1};
    op.watched = &watched;
    static_cast<void>(in.value(op));
    CHECK(watched.mass[1] == doctest::Approx(3));  // queries 2, 3 and 4 see it
    CHECK(watched.last[1] == 4);
    CHECK(watched.mass[3] < 1e-9);
    CHECK(watched.last[3] == -1);
  }

  TEST_CASE_TEMPLATE("attend_kept is causal", S, double, float) {
    Random random(5);
    const Case c{40, 40, 9, 2, 4, 16, true};
    const Inputs<S> in(c, random);
    laws::check_causal<S>(
        [&](const Matrix<S>& tokens) {
          AttendKept op = operation(c);
          op.seen.resize(static_cast<std::size_t>(tokens.rows()));
          return op.value(tokens, tokens, tokens, tokens, in.kept_k, in.kept_v, in.bias);
        },
        in.q);
  }

  TEST_CASE("attend_kept refuses what does not fit") {
    const auto zeros = [](Index rows, Index cols) {
      return Matrix<double>(Matrix<double>::Zero(rows, cols));
    };
    const AttendKept op{.heads = 1, .window = 4, .seen = {0, 3}};
    const auto value = [&](Index kept, Index values, Index biases) {
      return op.value(zeros(2, 4), zeros(2, 4), zeros(2, 4), zeros(2, 4), zeros(kept, 4),
                      zeros(values, 4), zeros(biases, 1));
    };
    CHECK_THROWS_WITH_AS(value(3, 2, 0), "attend_kept: kept_v must be [3, 4], got [2, 4]",
                         ShapeError);
    CHECK_THROWS_WITH_AS(value(3, 3, 2), "attend_kept: bias must be [3, 1], got [2, 1]",
                         ShapeError);
    CHECK_THROWS_WITH_AS(value(2, 2, 2), "attend_kept: seen must be in 0..2, got 3", RangeError);
    CHECK_NOTHROW(value(3, 3, 3));
  }
}

}  // namespace
