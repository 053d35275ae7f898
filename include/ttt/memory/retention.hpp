// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations.hpp>
#include <ttt/memory/keep_score.hpp>

#include <algorithm>

namespace ttt {

/// The side output of a model whose caches read retentions: for how long a token is worth storing,
/// as the model learns it, in each head of keys and values.
///
///   log beta = log sigmoid(norm(h) w + 8)
///
/// To a query that is `age` tokens behind it, a cached key has beta^age times its weight, so
/// gradient reaches beta.
///
/// \source Bui et al. 2025, "Cache What Lasts: Token Retention for Memory-Bounded KV Cache in
///         LLMs", arXiv:2512.03324. Their gate has a hidden layer in each layer of a frozen model;
///         ours is linear, one for all layers that read it, and trained with the model. A beta
///         begins near 1 - 1/3000, ours.
template <Index Slots, class W>
struct Retentions {
  /// The norm, which is RMSNorm, and the weights.
  template <class A>
  struct Params {
    A norm;    ///< [1, width]
    A weight;  ///< [width, kv_heads]

    /// Calls on(name, member...) for each member of trees of one form.
    static constexpr void visit(auto&& on, auto&... trees) {
      on("retention_norm.weight", trees.norm...);
      on("retention.weight", trees.weight...);
    }
  };

  /// What is computed of the rows that enter the suffix.
  template <class A>
  struct Rows {
    A keep;  ///< [time, kv_heads], log beta

    /// Calls on(name, member...) for each member of trees of one form.
    static constexpr void visit(auto&& on, auto&... trees) { on("keep", trees.keep...); }
  };

  /// What the parameters are.
  [[nodiscard]] static constexpr Params<TensorSpec> tensors(const ModelSpec& spec) {
    return {.norm = {1, spec.width, init::ones},
            .weight = matrix_spec(spec.init, spec.width, kv_heads_of(spec))};
  }

  /// The logarithms; emits the penalty where losses are wanted.
  ///
  ///   penalty = mean over t and heads of max(0, sum_i beta_i^(t - i) - slots)
  ///
  /// where i are the tokens that have left the window of t.
  ///
  /// \shape  h [time, width] -> [time, kv_heads]
  /// \cost   O(time * width * kv_heads); with the penalty, O(time^2 * kv_heads)
  template <class P, class X, class C>
  [[nodiscard]] static Rows<X> read(const Params<P>& params, const X& h, const C& context) {
    X keep = log_sigmoid(matmul(rms_norm(h, params.norm), params.weight), 8);
    const CacheOptions& options = context.options;
    if (context.losses != nullptr && options.capacity_penalty != 0) {
      const Index slots = std::min(options.slots, Slots);
      context.losses->terms.push_back(
          {"capacity", options.capacity_penalty,
           excess_retention(keep, W{}.tokens(context.spec), static_cast<double>(slots))});
    }
    return {keep};
  }
};

}  // namespace ttt
