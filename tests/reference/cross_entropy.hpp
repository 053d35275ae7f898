// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/cpu/matrix.hpp>

#include <cmath>
#include <cstddef>
#include <span>

namespace reference {

using ttt::Index;
using ttt::Matrix;

/// -log of the target's share of the exponentials of its row.
template <class S>
Matrix<double> cross_entropy(const Matrix<S>& x, std::span<const ttt::Token> targets) {
  Matrix<double> y(x.rows(), 1);
  for (Index t = 0; t < x.rows(); ++t) {
    const double target = x(t, targets[static_cast<std::size_t>(t)]);
    double total = 0;
    for (Index i = 0; i < x.cols(); ++i) total += std::exp(static_cast<double>(x(t, i)) - target);
    y(t, 0) = std::log(total);
  }
  return y;
}

}  // namespace reference
