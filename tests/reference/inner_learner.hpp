// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/cpu/matrix.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

namespace reference {

using ttt::Index;
using M = ttt::Matrix<double>;

/// A test-time learner of one head in its primal form: token by token, with weights that are made.
/// One hidden layer of gelu, or none.
struct InnerLearner {
  std::vector<M> weights, biases;  ///< one map, or two
  M norm_weight, norm_bias;        ///< [1, head]
  double epsilon = 1e-6;

  /// What a token's rates, shares and rows give; the weights are as they were at the start of the
  /// chunk, `steps` and `bias_steps` what the chunk has added up.
  M answer(const M& q, const M& k, const M& v, double rate, double share) {
    const M target = v - k;
    // Forward on the key.
    std::vector<M> inputs{k};
    M z = k * weights[0] + biases[0];
    M before = z;
    if (weights.size() == 2) {
      inputs.push_back(each(z, gelu));
      z = inputs[1] * weights[1] + biases[1];
    }
    // Backward, and the sums.
    std::vector<M> gradients(weights.size());
    gradients.back() = loss_gradient(z, target);
    if (weights.size() == 2) {
      gradients[0] =
          (gradients[1] * weights[1].transpose()).cwiseProduct(each(before, gelu_derivative));
    }
    steps.resize(weights.size());
    bias_steps.resize(weights.size());
    for (std::size_t n = 0; n < weights.size(); ++n) {
      if (steps[n].size() == 0) {
        steps[n] = M::Zero(weights[n].rows(), weights[n].cols());
        bias_steps[n] = M::Zero(1, weights[n].cols());
      }
      steps[n] += rate * inputs[n].transpose() * gradients[n];
      bias_steps[n] += rate * gradients[n];
    }
    // The query, with weights of its own.
    M x = q;
    for (std::size_t n = 0; n < weights.size(); ++n) {
      if (n > 0) x = each(x, gelu);
      x = x * (weights[n] - share * steps[n]) + biases[n] - share * bias_steps[n];
    }
    return q + normal(x).cwiseProduct(norm_weight) + norm_bias;
  }

  /// The end of a chunk.
  void commit(double share) {
    for (std::size_t n = 0; n < weights.size(); ++n) {
      weights[n] -= share * steps[n];
      biases[n] -= share * bias_steps[n];
    }
    steps.clear();
    bias_steps.clear();
  }

  std::vector<M> steps, bias_steps;  ///< of the chunk in progress

 private:
  static double tanh_argument(double x) {
    return std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x);
  }
  static double gelu(double x) { return x / 2 * (1 + std::tanh(tanh_argument(x))); }
  static double gelu_derivative(double x) {
    const double tau = std::tanh(tanh_argument(x));
    const double inner = std::sqrt(2 / std::acos(-1.0)) * (1 + 3 * 0.044715 * x * x);
    return (1 + tau) / 2 + x / 2 * (1 - tau * tau) * inner;
  }
  static M each(const M& x, double (*f)(double)) { return x.unaryExpr(std::function(f)); }

  [[nodiscard]] double scale(const M& z) const {
    const double mean = z.mean();
    return std::sqrt((z.array() - mean).square().mean() + epsilon);
  }
  [[nodiscard]] M normal(const M& z) const { return M((z.array() - z.mean()) / scale(z)); }
  [[nodiscard]] M loss_gradient(const M& z, const M& target) const {
    const M n = normal(z);
    const M missed = n.cwiseProduct(norm_weight) + norm_bias - target;
    const M g = missed.cwiseProduct(norm_weight);
    const double width = static_cast<double>(z.size());
    const M inner = width * g.array() - g.sum() - n.array() * g.cwiseProduct(n).sum();
    return inner / (width * scale(z));
  }
};

}  // namespace reference
