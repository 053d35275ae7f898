// SPDX-License-Identifier: Apache-2.0
#include <ttt/algebra/operations/activations.hpp>
#include <ttt/algebra/operations/detach.hpp>

#include <doctest/doctest.h>

#include <limits>

#include "laws/operation.hpp"

namespace {

using namespace ttt;
using M = Matrix<double>;
using D = Dual<M>;

M row(std::initializer_list<double> numbers) {
  M m(1, std::ssize(numbers));
  std::ranges::copy(numbers, m.data());
  return m;
}

/// What reaches the leaf of x when every element of f(x) has cotangent 1.
template <class F>
M slope_of(F f, const M& x) {
  M sink;
  Tape<M> tape;
  const Var<M> y = f(tape.leaf(x, sink));
  tape.seed(y, M(M::Ones(y.value().rows(), y.value().cols())));
  tape.pull_back();
  return sink;
}

TEST_SUITE("algebra") {
  TEST_CASE("clamp keeps within its bounds, and a bound itself counts as inside") {
    const M x = row({-1, 0, 0.2, 0.5, 0.7});
    CHECK(clamp(x, 0, 0.5) == row({0, 0, 0.2, 0.5, 0.5}));
    CHECK(slope_of([](const auto& v) { return clamp(v, 0, 0.5); }, x) == row({0, 1, 1, 1, 0}));
  }

  TEST_CASE("clamp takes infinite numbers to its bounds") {
    const double infinity = std::numeric_limits<double>::infinity();
    CHECK(clamp(row({-infinity, infinity}), -2, 0.5) == row({-2, 0.5}));
  }

  TEST_CASE("magnitude has no slope at 0") {
    const M x = row({-2, 0, 3});
    CHECK(magnitude(x) == row({2, 0, 3}));
    CHECK(slope_of([](const auto& v) { return magnitude(v); }, x) == row({-1, 0, 1}));
  }

  TEST_CASE("clamp and magnitude have their derivatives away from their corners") {
    const M x = row({-2.1, -0.3, 0.4, 0.9, 1.7, -5});
    laws::check_operation(Clamp{{.least = -1, .most = 1}}, x);
    laws::check_operation(Magnitude{}, x);
  }

  TEST_CASE("detach keeps values, outlives what it was made from, and lets no derivative through") {
    const M x = row({1, -2});
    M sink;
    Tape<M> tape;
    const Var<M> leaf = tape.leaf(x, sink);
    Var<M> still;
    {
      const Var<M> made = magnitude(leaf);
      still = detach(made);
    }
    const Var<M> y = magnitude(still);
    CHECK(still.value() == row({1, 2}));
    tape.seed(y, row({1, 1}));
    tape.seed(still, row({1, 1}));
    tape.pull_back();
    CHECK(sink.size() == 0);
    CHECK(detach(x) == x);
    const D dual = detach(D{x, x});
    CHECK(dual.value == x);
    CHECK(dual.tangent.size() == 0);
  }
}

}  // namespace
