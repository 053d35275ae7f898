// SPDX-License-Identifier: Apache-2.0
#include <ttt/algebra/operations/activations.hpp>
#include <ttt/algebra/operations/add.hpp>
#include <ttt/algebra/operations/matmul.hpp>

#include <doctest/doctest.h>

#include <array>
#include <utility>

#include "laws/operation.hpp"

namespace {

using namespace ttt;
using laws::normal;

using M = Matrix<double>;
using D = Dual<M>;

/// The left and the right half of the columns, and with nothing remembered.
struct Split {
  static constexpr OperationTraits traits{.inputs = 1, .remembers = false};

  template <Array A>
  [[nodiscard]] std::array<A, 2> value(const A& x) const {
    const Index half = col_count(x) / 2;
    std::array<A, 2> parts{uninitialised<A>(row_count(x), half),
                           uninitialised<A>(row_count(x), half)};
    for (const Index n : {0, 1}) {
      PrimitivesOf<A>::map(detail::Copy{}, view(at(parts, n)),
                           block(view(x), 0, n * half, row_count(x), half));
    }
    return parts;
  }
  template <Array A>
  void pullback(const std::array<const A*, 2>& /*y*/, const std::array<const A*, 2>& dy,
                const Input<A>& x) const {
    const Index half = x.cols() / 2;
    A dx = zeros<A>(x.rows(), x.cols());
    for (const Index n : {0, 1}) {
      if (row_count(*at(dy, n)) == 0) continue;
      PrimitivesOf<A>::map(detail::Copy{}, block(view(dx), 0, n * half, x.rows(), half),
                           view(*at(dy, n)));
    }
    x.add(std::move(dx));
  }
};

/// The sum and the product, with a pullback that reads an output, and tangents by themselves.
struct SumAndProduct {
  static constexpr OperationTraits traits{.inputs = 2, .tangent = true};

  template <Array A>
  [[nodiscard]] std::array<A, 2> value(const A& a, const A& b) const {
    return {add(a, b), multiply_elements(a, b)};
  }
  template <Storage X>
  [[nodiscard]] std::array<X, 2> tangent(const Dual<X>& a, const Dual<X>& b) const {
    return {Add{}.value(a, b).tangent, Multiply{}.value(a, b).tangent};
  }
  template <Array A>
  void pullback(const std::array<const A*, 2>& y, const std::array<const A*, 2>& dy,
                const Input<A>& a, const Input<A>& b) const {
    if (row_count(*dy[0]) > 0) Add{}.pullback(*y[0], *dy[0], a, b);
    if (row_count(*dy[1]) > 0) Multiply{}.pullback(*y[1], *dy[1], a, b);
  }
};

static_assert(Operation<Split> && Operation<SumAndProduct>);

TEST_SUITE("algebra") {
  TEST_CASE("An operation may return several arrays, on arrays and on a tape") {
    Random random(3);
    const M x = normal(3, 6, random);
    const auto [left, right] = apply(Split{}, x);
    CHECK(left == x.leftCols(3));
    CHECK(right == x.rightCols(3));
    const auto still = apply(Split{}, D{x, {}});
    CHECK(still[1].value == right);
    CHECK(still[1].tangent.size() == 0);
    laws::check_operation(Split{}, x);
    laws::check_operation(SumAndProduct{}, x, normal(3, 6, random));
  }

  TEST_CASE("A result of several that has no cotangent gives nothing back") {
    Random random(4);
    const M x = normal(2, 4, random);
    for (const std::size_t seeded : {0U, 1U}) {
      M sink;
      Tape<M> tape;
      const auto parts = apply(Split{}, tape.leaf(x, sink));
      tape.seed(parts[seeded], M(M::Ones(2, 2)));
      tape.pull_back();
      M expected = M::Zero(2, 4);
      expected.middleCols(seeded == 0 ? 0 : 2, 2).setOnes();
      CHECK(sink == expected);
    }
  }

  TEST_CASE("A result of several that is not used is not kept") {
    const M x = M::Ones(10, 10);
    M sink;
    Tape<M> tape;
    auto left = apply(Split{}, tape.leaf(x, sink))[0];
    const Index both = tape.peak_bytes();
    left = add(left, left);
    CHECK(both == 100 * static_cast<Index>(sizeof(double)));
    CHECK(tape.peak_bytes() == both);
  }

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

  TEST_CASE("A value that is taken from a tape is moved if it is held once, and counts no more") {
    const M x = M::Ones(10, 10);
    constexpr Index bytes = 100 * sizeof(double);
    Tape<M> tape;
    for (int i = 0; i < 5; ++i) {
      auto sum = add(tape.constant(x), tape.constant(x));
      const double* const place = sum.value().data();
      const M taken = std::move(sum).take();
      CHECK(taken.data() == place);
    }
    CHECK(tape.peak_bytes() == bytes);
    auto sum = add(tape.constant(x), tape.constant(x));
    const auto held = sum;
    CHECK(std::move(sum).take() == held.value());
    CHECK(held.value() == 2 * x);
    CHECK(Var<M>().take().size() == 0);  // on no tape
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
