// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations.hpp>
#include <ttt/spec/sr_ttt_spec.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace ttt {

/// Fast weights that learn, head by head, to give each key its value: a linear map, one step of
/// gradient descent for each chunk.
///
///   o_t = W q_t                                             with the W from before the chunk
///   W   = W - rate (2 / chunk) sum_t k_t (k_t W - v_t)      rate = min(|r|, 1 / head)
///
/// Queries and keys are turned by absolute positions, and keys and values share one norm.
///
/// \law causal     row t of the result depends on rows 0..t of x, bit for bit
/// \law streaming  cutting x into reads changes no result beyond rounding
/// \source arXiv:2603.06642, second version, and its code, whose steps are InnerSteps::detached
struct DeltaMemory {
  /// Projections, the first fast weights, and how fast they learn.
  template <class A>
  struct Params {
    A wq;           ///< [width, heads * head], to queries
    A wk;           ///< [width, heads * head], to keys
    A wv;           ///< [width, heads * head], to values
    A wo;           ///< [heads * head, width], from what is read
    A weights;      ///< [head, heads * head], the weights at the start of a text
    A rate;         ///< [1, heads], of a step; its magnitude counts
    A norm_weight;  ///< [1, head], of keys and values
    A norm_bias;    ///< [1, head], likewise

    static void visit(auto&& on, auto&... trees) {
      on("W_q.weight", trees.wq...);
      on("W_k.weight", trees.wk...);
      on("W_v.weight", trees.wv...);
      on("W_o.weight", trees.wo...);
      on("W_fast_init", trees.weights...);
      on("ttt_lr", trees.rate...);
      on("layer_norm.weight", trees.norm_weight...);
      on("layer_norm.bias", trees.norm_bias...);
    }
  };

  /// What was learned, and the chunk in progress.
  template <class A>
  struct State {
    A weights;  ///< [head, heads * head], or without rows before the first step
    A keys;     ///< [read of the chunk, heads * head]
    A values;   ///< [read of the chunk, heads * head]

    static void visit(auto&& on, auto&... trees) {
      on("weights", trees.weights...);
      on("keys", trees.keys...);
      on("values", trees.values...);
    }
  };

  /// Reads rows, and steps where a chunk ends: stepped(surprisal, fast) is told of it.
  ///
  /// \shape  x [time, width] -> [time, width]; time > 0
  /// \cost   O(time * heads * head * (width + head))
  template <SrTttSpec Spec, class X, class Stepped>
  [[nodiscard]] static X read(const Params<X>& params, State<X>& state, const X& x,
                              const Rotate<Scalar<X>>& rotate, Stepped&& stepped) {
    const auto normed = [&](const X& rows) {
      return layer_norm(rows, params.norm_weight, params.norm_bias);
    };
    const X q = apply(rotate, matmul(x, params.wq));
    const X k = normed(apply(rotate, matmul(x, params.wk)));
    const X v = normed(matmul(x, params.wv));
    X y;
    for (Index at = 0; at < row_count(x);) {
      const Index before = row_count(state.keys);
      const Index count = std::min(row_count(x) - at, Spec.chunk - before);
      X part = matmul_heads(take_rows(q, at, count), weights_of(params, state), Spec.heads);
      y = at == 0 ? std::move(part) : append_rows(std::move(y), part);
      state.keys = append_rows(std::move(state.keys), take_rows(k, at, count));
      state.values = append_rows(std::move(state.values), take_rows(v, at, count));
      if (before + count == Spec.chunk) step<Spec>(params, state, stepped);
      at += count;
    }
    return matmul(y, params.wo);
  }

  /// Takes the step of the chunk in progress, however many tokens it has.
  template <SrTttSpec Spec, class X, class Stepped>
  static void step(const Params<X>& params, State<X>& state, Stepped&& stepped) {
    const Index count = row_count(state.keys);
    if (count == 0) return;
    const auto before = [](const X& x) {
      if constexpr (Spec.steps == InnerSteps::detached) {
        return detach(x);
      } else {
        return x;
      }
    };
    const X keys = before(state.keys);
    const X fast = before(weights_of(params, state));
    const X error = subtract(matmul_heads(keys, fast, Spec.heads), before(state.values));
    const X rate = clamp(magnitude(params.rate), 0, 1.0 / static_cast<double>(Spec.head));
    const X downhill = scale_heads(error, rate, -2.0 / static_cast<double>(count));
    state.weights = add(fast, matmul_heads<Flip::left>(keys, downhill, Spec.heads));
    state.keys = take_rows(state.keys, 0, 0);
    state.values = take_rows(state.values, 0, 0);

    const auto& errors = value_of(array_of(error));
    std::vector<double> surprisal;
    for (Index t = 0; t < count; ++t) {
      surprisal.push_back(errors.row(t).template cast<double>().squaredNorm() /
                          static_cast<double>(errors.cols()));
    }
    stepped(surprisal, state.weights);
  }

 private:
  template <class X>
  static const X& weights_of(const Params<X>& params, const State<X>& state) {
    return row_count(state.weights) > 0 ? state.weights : params.weights;
  }
};

}  // namespace ttt
