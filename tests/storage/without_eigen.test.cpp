// SPDX-License-Identifier: Apache-2.0
#include <ttt/algebra/operations.hpp>

#include "storage/plain.hpp"

#ifdef EIGEN_WORLD_VERSION
#error "the algebra includes Eigen"
#endif

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

namespace {

using namespace ttt;
using P = storage::Plain<float>;

P column_of(const std::vector<double>& elements) { return column<P>(elements); }

TEST_SUITE("storage") {
  TEST_CASE("A gradient is taken where Eigen is not even included") {
    const P x = column_of({1, 2});
    const P w = column_of({3});
    P sink;
    Tape<P> tape;
    const auto y = magnitude(matmul(tape.leaf(x, sink), tape.constant(w)));
    CHECK(numbers(y.value()) == std::vector<double>{3, 6});
    tape.seed(y, column_of({1, 10}));
    tape.pull_back();
    CHECK(numbers(sink) == std::vector<double>{3, 30});
  }

  TEST_CASE("An element of Plain that was never written is no number") {
    for (const double element : numbers(uninitialised<P>(2, 3))) CHECK(std::isnan(element));
    CHECK(sum_of_squares(column_of({3, 4})) == 25);
  }
}

}  // namespace
