// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations/log_sum_exp.hpp>
#include <ttt/memory/context.hpp>

#include <limits>
#include <vector>

namespace ttt {

/// Run-time options of the caches of a model.
struct CacheOptions {
  Index slots = std::numeric_limits<Index>::max();  ///< of each cache that are used
  std::vector<Index> pinned{};  ///< positions of tokens that are evicted after all others
  /// Weight in the training loss of the mean over all tokens of softplus(keep score): it pushes
  /// down the scores of what is not read.
  double keep_penalty = 0;
  /// Weight of softplus(peak + 8), where peak is the soft maximum of the text's keep scores: in a
  /// long text the highest scores of prose displace what will be asked for.
  double peak_penalty = 0;
  /// Weight of the mean, over tokens and heads, of the retained weight of what has left the window
  /// above the slots in use; see Retentions.
  double capacity_penalty = 0;
};

/// The side output of a model whose caches read keep scores: how much a token is worth storing, as
/// the model learns it.
///
///   keep = norm(h) w
///
/// The score of a cached token is added to the logits of the attention to it, so gradient reaches
/// it.
///
/// \source ours
struct KeepScores {
  /// The norm, which is RMSNorm, and the weights.
  template <class A>
  struct Params {
    A norm;    ///< [1, width]
    A weight;  ///< [width, 1]

    /// Calls on(name, member...) for each member of trees of one form.
    static constexpr void visit(auto&& on, auto&... trees) {
      on("keep_norm.weight", trees.norm...);
      on("keep.weight", trees.weight...);
    }
  };

  /// What is computed of the rows that enter the suffix.
  template <class A>
  struct Rows {
    A keep;  ///< [time, 1]

    /// Calls on(name, member...) for each member of trees of one form.
    static constexpr void visit(auto&& on, auto&... trees) { on("keep", trees.keep...); }
  };

  /// What the parameters are.
  [[nodiscard]] static constexpr Params<TensorSpec> tensors(const ModelSpec& spec) {
    return {.norm = {1, spec.width, init::ones}, .weight = matrix_spec(spec.init, spec.width, 1)};
  }

  /// The scores; emits the penalties where losses are wanted.
  ///
  ///   peak = log(sum of exp(4 score)) / 4
  ///
  /// \shape  h [time, width] -> [time, 1]
  /// \source ours, both constants too
  template <class P, class X, class C>
  [[nodiscard]] static Rows<X> read(const Params<P>& params, const X& h, const C& context) {
    X keep = matmul(rms_norm(h, params.norm), params.weight);
    const CacheOptions& options = context.options;
    if (context.losses != nullptr && options.keep_penalty != 0) {
      context.losses->terms.push_back({"keep", options.keep_penalty, softplus_of(keep)});
    }
    if (context.losses != nullptr && options.peak_penalty != 0) {
      context.losses->terms.push_back(
          {"peak", options.peak_penalty, softplus_of(log_sum_exp(keep, 4), 8)});
    }
    return {keep};
  }
};

}  // namespace ttt
