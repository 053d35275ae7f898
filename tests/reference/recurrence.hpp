// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/cpu/matrix.hpp>

#include <cmath>

namespace reference {

using ttt::Index;
using ttt::Matrix;

/// What heads of a recurrence read, token by token, and their maps behind the last token.
struct Recurrence {
  Matrix<double> y;      ///< [time, heads * value]
  Matrix<double> state;  ///< [key, heads * value]
};

/// Decays the map of a head, lets `write(key, value)` say what a token adds to it, and reads it;
/// token by token, head by head. Head h has the queries and keys of group `h / (heads / groups)`.
///
/// \shape  state [key, heads * value], q, k [time, groups * key], g [time, heads]
template <class Write>
Recurrence recurrence(Matrix<double> state, const Matrix<double>& q, const Matrix<double>& k,
                      const Matrix<double>& g, const Write& write) {
  const Index heads = g.cols();
  const Index key = state.rows();
  const Index value = state.cols() / heads;
  const Index groups = k.cols() / key;
  Matrix<double> y = Matrix<double>::Zero(q.rows(), state.cols());
  for (Index t = 0; t < q.rows(); ++t) {
    for (Index h = 0; h < heads; ++h) {
      const Index shared = h / (heads / groups) * key;
      for (Index j = h * value; j < (h + 1) * value; ++j) {
        double found = 0;
        for (Index i = 0; i < key; ++i) {
          state(i, j) *= std::exp(g(t, h));
          found += k(t, shared + i) * state(i, j);
        }
        const double written = write(t, h, j, found);
        for (Index i = 0; i < key; ++i) {
          state(i, j) += k(t, shared + i) * written;
          y(t, j) += q(t, shared + i) * state(i, j);
        }
      }
    }
  }
  return {y, state};
}

/// A state space: each token writes its input times its step.
inline Recurrence state_space(const Matrix<double>& state, const Matrix<double>& x,
                              const Matrix<double>& b, const Matrix<double>& c,
                              const Matrix<double>& step, const Matrix<double>& g) {
  return recurrence(state, c, b, g, [&](Index t, Index h, Index j, double /*found*/) {
    return step(t, h) * x(t, j);
  });
}

/// A gated delta rule: each token writes a share of its error.
inline Recurrence delta_rule(const Matrix<double>& state, const Matrix<double>& q,
                             const Matrix<double>& k, const Matrix<double>& v,
                             const Matrix<double>& beta, const Matrix<double>& g) {
  return recurrence(state, q, k, g, [&](Index t, Index h, Index j, double found) {
    return beta(t, h) * (v(t, j) - found);
  });
}

/// Attention without a softmax: each token reads the values of all tokens up to itself, with the
/// products of its query and their keys as weights. One head.
inline Matrix<double> linear_attention(const Matrix<double>& q, const Matrix<double>& k,
                                       const Matrix<double>& v) {
  Matrix<double> y = Matrix<double>::Zero(q.rows(), v.cols());
  for (Index t = 0; t < q.rows(); ++t) {
    for (Index s = 0; s <= t; ++s) y.row(t) += q.row(t).dot(k.row(s)) * v.row(s);
  }
  return y;
}

}  // namespace reference
