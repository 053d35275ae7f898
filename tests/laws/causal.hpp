// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>

#include "laws/numbers.hpp"

namespace laws {

/// Changing a row of x changes no bit of the rows of f(x) before it, and some of the row itself.
///
/// The last row of f(x) belongs to the last row of x; f(x) may have fewer rows.
template <class S, class F>
void check_causal(F f, const Matrix<S>& x) {
  const Matrix<S> y = f(x);
  const Index before = x.rows() - y.rows();
  for (Index changed = 0; changed < x.rows(); ++changed) {
    Matrix<S> moved = x;
    moved.row(changed).array() += S(1) + moved.row(changed).array().square();
    const Matrix<S> z = f(moved);
    const Index untouched = std::max<Index>(0, changed - before);
    CAPTURE(changed);
    CHECK(z.topRows(untouched) == y.topRows(untouched));
    if (changed >= before) CHECK(z.row(changed - before) != y.row(changed - before));
  }
}

}  // namespace laws
