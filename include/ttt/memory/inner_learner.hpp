// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations/step_shares.hpp>
#include <ttt/memory/inner_loss.hpp>
#include <ttt/memory/inner_pass.hpp>
#include <ttt/memory/inner_rule.hpp>
#include <ttt/shape.hpp>
#include <ttt/spec/init.hpp>

#include <cstddef>
#include <vector>

namespace ttt {

/// A memory that learns to answer keys with values, head by head: an inner model, whose weights
/// take a step after each chunk along the gradient of an inner loss.
///
///   u_t = rate_t (gradient of the loss of token t, with the weights from before the chunk)
///   S_t = u_1 + ... + u_t
///
/// Under a rule that is seen within a chunk, a token reads with its own step and those before it,
/// which count c_t = max(0, 1 / t + shares_t) each; else all read with the weights from before.
///
///   answer_t = f(q_t; W - c_t S_t)   or f(q_t; W)
///   W        = rule(W, c_last S_last)   or rule(W, S_last / chunk)   behind the chunk
///
/// Reads may end anywhere: sums of the chunk in progress are stored beside the weights.
///
/// \cost   O(time * heads * (in * out + (in + out) * chunk)) for each map
/// \source Sun et al. 2024, "Learning to (Learn at Test Time)", arXiv:2407.04620
template <class Model = inner_model::Linear, class Loss = inner_loss::NormedSquares,
          class Rule = inner_rule::Descent>
struct InnerLearner {
  static constexpr std::size_t maps = Model::maps;  ///< of the model

  Model model{};  ///< answers
  Loss loss{};    ///< is what the steps descend
  Rule rule{};    ///< takes them

  /// The inner model at the start of a text, and what its steps are made of.
  template <class A>
  struct Params {
    InnerMaps<A, maps> model;  ///< weights and biases
    InnerNorm<A> norm;         ///< of the loss
    A shares;                  ///< [chunk, 1], added to 1 / n, or without rows

    /// Calls on(name, member...) for each member of trees of one form.
    static constexpr void visit(auto&& on, auto&... trees) {
      on("model", trees.model...);
      on("norm", trees.norm...);
      on("shares", trees.shares...);
    }
  };

  /// What the parameters are, for `heads` heads of `head` features and chunks of `chunk` tokens.
  [[nodiscard]] constexpr Params<TensorSpec> tensors(const InitRule& init, Index heads, Index head,
                                                     Index chunk) const {
    Params<TensorSpec> all{};
    const auto shapes = model.shapes(head);
    for (std::size_t n = 0; n < maps; ++n) {
      auto& map = all.model.maps[n];
      map.weight = matrix_spec(init, shapes[n].in, heads * shapes[n].out);
      if (shapes[n].bias) map.bias = {1, heads * shapes[n].out, init::zeros};
    }
    if (Loss::normed) all.norm = {{1, heads * head, init::ones}, {1, heads * head, init::zeros}};
    if (Rule::within) all.shares = {chunk, 1, init::zeros};
    return all;
  }

  /// Throws ShapeError unless `state` can be that of `position`.
  template <class M>
  void validate(const InnerMaps<M, maps>& state, Index position, Index heads, Index head,
                Index chunk) const {
    const auto shapes = model.shapes(head);
    const bool within = position % chunk != 0;
    const bool stepped = Rule::velocity && position >= chunk;
    for (std::size_t n = 0; n < maps; ++n) {
      const auto& map = state.maps[n];
      const auto [in, out, bias] = shapes[n];
      const auto expect = [&](const char* name, const M& array, bool there, Index rows) {
        expect_shape("InnerLearner", name, array,
                     {there ? rows : 0, there ? heads * out : any_extent});
      };
      expect("weight", map.weight, position > 0, in);
      expect("bias", map.bias, position > 0 && bias, 1);
      expect("sum", map.sum, within, in);
      expect("bias_sum", map.bias_sum, within && bias, 1);
      expect("velocity", map.velocity, stepped, in);
      expect("bias_velocity", map.bias_velocity, stepped && bias, 1);
    }
  }

  /// Tokens of one chunk.
  template <class X>
  struct Rows {
    X q;          ///< [time, heads * head], queries
    X k;          ///< [time, heads * head], keys
    X v;          ///< [time, heads * head], values
    X rates;      ///< [time, heads], of the steps
    Index first;  ///< tokens of the chunk before them
    Index chunk;  ///< tokens of the whole chunk
  };

  /// The answers to tokens of one chunk; moves `state` behind them.
  ///
  /// \shape  -> [time, heads * head]
  template <class P, class X>
  [[nodiscard]] X read(const Params<P>& params, InnerMaps<X, maps>& state, const Rows<X>& rows,
                       Index heads) const {
    for (std::size_t n = 0; n < maps; ++n) {
      if (row_count(state.maps[n].weight) > 0) continue;
      state.maps[n].weight = params.model.maps[n].weight;
      state.maps[n].bias = params.model.maps[n].bias;
    }
    KeyPass<X> keys(state.maps, heads);
    const auto z = model.read(keys, keys.input(rows.k));
    keys.pull_back(z, loss.gradient(params.norm, keys[z], rows.k, rows.v, heads));
    std::vector<X> updates;
    updates.reserve(maps);
    for (std::size_t n = 0; n < maps; ++n) {
      updates.push_back(scale_heads(keys.gradient(n), rows.rates));
    }
    const Index time = row_count(rows.k);
    const bool last = rows.first + time == rows.chunk;
    X answers;
    if constexpr (Rule::within) {
      const X shares = step_shares(take_rows(params.shares, rows.first, time), rows.first);
      QueryPass<X> queries(state.maps, heads, keys, updates, shares);
      answers = model.read(queries, rows.q);
      if (last)
        step(state, heads,
             [&](const X& sum) { return scale_heads(sum, take_rows(shares, time - 1, 1)); });
    } else {
      const StillPass<X> queries(state.maps, heads);
      answers = model.read(queries, rows.q);
      for (std::size_t n = 0; n < maps; ++n)
        add_up(state.maps[n], keys.given(n), updates[n], heads);
      if (last)
        step(state, heads,
             [&](const X& sum) { return times(sum, 1 / static_cast<double>(rows.chunk)); });
    }
    return loss.answer(params.norm, rows.q, answers, heads);
  }

 private:
  template <class X>
  static void add_up(InnerMap<X>& map, const X& given, const X& update, Index heads) {
    map.sum = QueryPass<X>::added(map.sum, matmul_heads(given, update, heads, Flip::left));
    if (row_count(map.bias) > 0) {
      map.bias_sum = QueryPass<X>::added(map.bias_sum, sum_rows(update));
    }
  }

  /// The rule's step with the shares of the sums.
  template <class X, class Share>
  void step(InnerMaps<X, maps>& state, Index heads, const Share& share) const {
    for (InnerMap<X>& map : state.maps) {
      map.weight = subtract(map.weight, rule.change(map.velocity, share(map.sum), heads));
      map.sum = take_rows(map.sum, 0, 0);
      if (row_count(map.bias) == 0) continue;
      map.bias = subtract(map.bias, rule.change(map.bias_velocity, share(map.bias_sum), heads));
      map.bias_sum = take_rows(map.bias_sum, 0, 0);
    }
  }
};

}  // namespace ttt
