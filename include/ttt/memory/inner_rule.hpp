// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations/activations.hpp>
#include <ttt/algebra/operations/add.hpp>
#include <ttt/algebra/operations/heads.hpp>
#include <ttt/algebra/operations/unit_norm.hpp>

namespace ttt {

/// The matrix of each head with its singular values moved to about 1, by five steps of a polynomial
/// in the matrix and its transpose.
///
///   x = m / |m|;  five times: a = x x^T, x = 3.4445 x + (2.0315 a a - 4.7750 a) x
///
/// \shape  m [rows, heads * cols] -> the shape of m
/// \cost   O(rows * cols * min(rows, cols) * heads)
/// \source Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks", for the
///         coefficients
template <class X>
[[nodiscard]] X orthogonalised(const X& m, Index heads) {
  X x = unit_matrix(m, heads);
  const bool tall = row_count(m) > col_count(m) / heads;  // x a is then cheaper than a x
  for (int step = 0; step < 5; ++step) {
    const X a =
        tall ? matmul_heads(x, x, heads, Flip::left) : matmul_heads(x, x, heads, Flip::right);
    const X bent = add(times(matmul_heads(a, a, heads), 2.0315), times(a, -4.7750));
    x = add(times(x, 3.4445), tall ? matmul_heads(x, bent, heads) : matmul_heads(bent, x, heads));
  }
  return x;
}

/// Inner rules: what the gradients of a chunk do to a weight of an inner model where the chunk
/// ends. A rule is a value:
///
///   static constexpr bool within    whether each token reads with the steps of its chunk so far
///   static constexpr bool velocity  whether it stores one
///   X change(velocity, sum, heads)  what is subtracted from the weight; moves the velocity
///
/// The velocity is without rows before the first step.
///
/// \shape  velocity, sum [in, heads * out], or [1, heads * out] of a bias -> that shape
namespace inner_rule {

/// W' = W - sum
///
/// \source Sun et al. 2024, arXiv:2407.04620
struct Descent {
  static constexpr bool within = true;     ///< see inner_rule
  static constexpr bool velocity = false;  ///< none

  /// See inner_rule.
  template <class X>
  [[nodiscard]] X change(X& /*velocity*/, const X& sum, Index /*heads*/) const {
    return sum;
  }
};

/// v' = momentum v + sum,    W' = W - v'
///
/// \source Behrouz et al. 2025, "Titans: Learning to Memorize at Test Time", arXiv:2501.00663
struct Momentum {
  static constexpr bool within = false;   ///< see inner_rule
  static constexpr bool velocity = true;  ///< see inner_rule
  double momentum = 0.9;                  ///< what is left of the velocity

  /// See inner_rule.
  template <class X>
  [[nodiscard]] X change(X& v, const X& sum, Index /*heads*/) const {
    v = row_count(v) == 0 ? sum : add(times(v, momentum), sum);
    return v;
  }
};

/// v' = momentum v + sum,    W' = W - rate orthogonalised(v'); a bias follows v' / |v'|
///
/// \source Jordan et al. 2024; Zhang et al. 2025, arXiv:2505.23884, for inner steps
struct Muon {
  static constexpr bool within = false;   ///< see inner_rule
  static constexpr bool velocity = true;  ///< see inner_rule
  double rate = 0.1;                      ///< of a step
  double momentum = 0.9;                  ///< what is left of the velocity

  /// See inner_rule.
  template <class X>
  [[nodiscard]] X change(X& v, const X& sum, Index heads) const {
    v = row_count(v) == 0 ? sum : add(times(v, momentum), sum);
    return times(row_count(v) == 1 ? unit_matrix(v, heads) : orthogonalised(v, heads), rate);
  }
};

}  // namespace inner_rule

}  // namespace ttt
