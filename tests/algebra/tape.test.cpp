// SPDX-License-Identifier: Apache-2.0
#include <ttt/algebra/operations/add.hpp>
#include <ttt/algebra/operations/matmul.hpp>
#include <ttt/algebra/operations/activations.hpp>

#include <doctest/doctest.h>

#include "laws/operation.hpp"

namespace {

using namespace ttt;
using laws::normal;

using M = Matrix<double>;
using D = Dual<M>;

TEST_SUITE("algebra") {
  TEST_CASE("A variable used twice receives both cotangents") {
    const M x = M::Constant(1, 1, 3);
    M sink;
    Tape<M> tape;
    const auto v = tape.leaf(x, sink);
    tape.seed(add(matmul(v, v), v), M::Ones(1, 1));  // x^2 + x
    tape.pull_back();
    CHECK(sink(0, 0) == 7);
  }

  TEST_CASE("A leaf's cotangent is added to what its sink holds") {
    const M x = M::Constant(1, 1, 3);
    M sink = M::Constant(1, 1, 100);
    Tape<M> tape;
    const auto v = tape.leaf(x, sink);
    tape.seed(v, M::Constant(1, 1, 20));
    tape.seed(add(v, v), M::Ones(1, 1));
    tape.pull_back();
    CHECK(sink(0, 0) == 122);
  }

  TEST_CASE("Seeds of several results, and of the middle of a record, add up") {
    Random random(1);
    const M x = normal(2, 3, random);
    const M w = normal(3, 3, random);
    M sink;
    Tape<M> tape;
    const auto v = tape.leaf(x, sink);
    const auto constant = tape.constant(w);
    const auto middle = matmul(v, constant);
    const auto last = matmul(middle, constant);
    const M a = normal(2, 3, random);
    const M b = normal(2, 3, random);
    tape.seed(last, a);
    tape.seed(middle, M(b));
    tape.seed(constant, M(w));  // takes none
    tape.pull_back();
    const M expected = (a * w.transpose() + b) * w.transpose();
    CHECK(laws::disagreement(sink, expected) < laws::rounding);
  }

  TEST_CASE("A result that nothing is seeded with leaves the sinks without elements") {
    const M x = M::Ones(2, 2);
    M sink;
    Tape<M> tape;
    const auto y = add(tape.leaf(x, sink), tape.constant(x));
    CHECK(y.value() == 2 * x);
    tape.pull_back();
    CHECK(sink.size() == 0);
  }

  TEST_CASE("Over duals, a chain of operations has its second derivative") {
    // The derivative of <c, f'(x)> along d, where the inner value halves have to be right too.
    Random random(2);
    const M x = normal(3, 4, random);
    const M w = normal(4, 4, random);
    const M dx = normal(3, 4, random);
    const M dw = normal(4, 4, random);
    const M c = normal(3, 4, random);
    const auto f = [](const auto& v, const auto& weights) {
      const auto h = silu_gate(matmul(v, weights), v);
      return add(matmul(silu_gate(h, h), weights), v);
    };
    const auto gradient = [&](double by) {
      const M at_x = x + by * dx;
      const M at_w = w + by * dw;
      M sink_x;
      M sink_w;
      Tape<M> tape;
      tape.seed(f(tape.leaf(at_x, sink_x), tape.leaf(at_w, sink_w)), M(c));
      tape.pull_back();
      M both(7, 4);
      both << sink_x, sink_w;
      return both;
    };
    M sink_x;
    M sink_w;
    Tape<D> tape;
    const D dual_x{x, dx};
    const D dual_w{w, dw};
    tape.seed(f(tape.leaf(dual_x, sink_x), tape.leaf(dual_w, sink_w)), {c, {}});
    tape.pull_back();
    M both(7, 4);
    both << sink_x, sink_w;
    CHECK(laws::disagreement(both, laws::slope(gradient)) < laws::quotient_tolerance);
  }

  TEST_CASE("A tape counts the results that are alive, not what the caller owns") {
    const M x = M::Ones(10, 10);
    constexpr Index bytes = 100 * sizeof(double);
    Tape<M> forgetful;
    {
      auto sum = forgetful.constant(x);
      CHECK(forgetful.peak_bytes() == 0);
      for (int i = 0; i < 5; ++i) sum = add(sum, sum);
      CHECK(forgetful.peak_bytes() == 2 * bytes);  // the old and the new
    }
    M sink;
    Tape<M> remembering;
    auto power = remembering.leaf(x, sink);
    for (int i = 0; i < 5; ++i) power = matmul(power, power);
    CHECK(remembering.peak_bytes() == 5 * bytes);
    auto sum = power;
    for (int i = 0; i < 5; ++i) sum = add(sum, sum);
    CHECK(remembering.peak_bytes() == 7 * bytes);  // a sum needs no terms in its pullback
  }

  TEST_CASE("Over duals, a half without elements costs nothing") {
    const D x{M::Ones(10, 10), {}};
    const D moving{M::Ones(10, 10), M::Ones(10, 10)};
    constexpr Index bytes = 100 * sizeof(double);
    Matrix<double> sink;
    Tape<D> tape;
    const auto still = matmul(tape.leaf(x, sink), tape.constant(x));
    CHECK(tape.peak_bytes() == bytes);
    const auto moved = matmul(still, tape.constant(moving));
    CHECK(tape.peak_bytes() == 3 * bytes);
    CHECK(still.value().tangent.size() == 0);
    CHECK(moved.value().tangent.size() == 100);
  }
}

}  // namespace
