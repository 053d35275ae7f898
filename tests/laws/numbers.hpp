// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/array.hpp>
#include <ttt/cpu/matrix.hpp>
#include <ttt/random.hpp>

#include <algorithm>
#include <span>
#include <vector>

namespace laws {

using namespace ttt;

/// A matrix of normal numbers.
template <class S = double>
Matrix<S> normal(Index rows, Index cols, Random& random, double scale = 1) {
  return Matrix<S>::NullaryExpr(
      rows, cols, [&](Index, Index) { return static_cast<S>(scale * random.normal()); });
}

/// Tokens drawn evenly from the vocabulary.
inline std::vector<Token> drawn_tokens(Index count, Index vocab, Random& random) {
  std::vector<Token> tokens(static_cast<std::size_t>(count));
  for (Token& token : tokens) token = static_cast<Token>(random.below(vocab));
  return tokens;
}

/// A matrix of the host in the storage M; without elements where it has none.
template <Storage M>
M stored(const Matrix<double>& host) {
  if (host.size() == 0) return {};
  const std::vector<Scalar<M>> elements(host.data(), host.data() + host.size());
  return Primitives<M>::upload(host.rows(), host.cols(), std::span<const Scalar<M>>(elements));
}

/// An array of the storage M on the host.
template <Storage M>
Matrix<double> fetched(const M& array) {
  if (is_zero(array)) return {};
  const std::vector<double> elements = numbers(array);
  return Eigen::Map<const Matrix<double>>(elements.data(), array.rows(), array.cols());
}

/// Largest difference of two arrays of one shape over the largest entry of the expected one.
template <class Ours, class Theirs>
double disagreement(const Ours& ours, const Theirs& expected) {
  if (ours.rows() != expected.rows() || ours.cols() != expected.cols()) return 1e300;
  if (ours.size() == 0) return 0;
  const double scale = expected.template cast<double>().cwiseAbs().maxCoeff();
  return (ours.template cast<double>() - expected.template cast<double>()).cwiseAbs().maxCoeff() /
         std::max(scale, 1e-300);
}

/// The derivative of f at 0, exact for polynomials of degree four.
///
/// \law the error grows as step^4; at 1e-3 a smooth function keeps about ten digits
template <class F>
auto slope(F f, double step = 1e-3) {
  auto near = f(step);
  near -= f(-step);
  auto far = f(2 * step);
  far -= f(-2 * step);
  near *= 8;
  near -= far;
  near *= 1 / (12 * step);
  return near;
}

}  // namespace laws
