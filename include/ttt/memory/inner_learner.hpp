// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/inner_loss.hpp>
#include <ttt/memory/inner_pass.hpp>
#include <ttt/memory/inner_rule.hpp>

#include <array>
#include <cstddef>
#include <vector>

namespace ttt {

/// A memory that learns to answer keys with values, head by head: an inner model, whose weights
/// take a step after each chunk along the gradient of an inner loss.
///
///   u_t = rate_t (gradient of the loss of token t, with the weights from before the chunk)
///   S_t = u_1 + ... + u_t,    answer_t = f(q_t; W - c_t S_t)   if the rule is seen within a chunk
///   W   = rule(W, c_last S_last)                              behind it
///
/// Reads may end anywhere: sums of the chunk in progress are stored beside the weights.
///
/// \cost   O(time * heads * (in * out + (in + out) * chunk)) for each map
/// \source Sun et al. 2024, "Learning to (Learn at Test Time)", arXiv:2407.04620
template <class Model = inner_model::Linear, class Loss = inner_loss::NormedSquares,
          class Rule = inner_rule::Descent>
struct InnerLearner {
  static constexpr std::size_t maps = Model::maps;  ///< of the model
  static constexpr bool normed = Loss::normed;      ///< whether there is a norm behind it
  static constexpr bool velocity = Rule::velocity;  ///< whether the rule stores one

  Model model{};  ///< answers
  Loss loss{};    ///< is what the steps descend
  Rule rule{};    ///< takes them

  /// What a chunk, or a part of one, is read with.
  template <class X>
  struct Rows {
    X q, k, v;  ///< [time, heads * head]
    X rates;    ///< [time, heads]
    X shares;   ///< [time, 1], c of the tokens
  };

  /// Answers to tokens of one chunk; `last` says that the chunk ends with them.
  ///
  /// \shape  -> [time, heads * head]
  template <class P, class X>
  [[nodiscard]] X read(std::array<InnerMap<X>, maps>& all, const InnerNorm<P>& norm,
                       const Rows<X>& rows, Index heads, bool last) const {
    KeyPass<X> keys(all, heads);
    const auto z = model.read(keys, keys.input(rows.k));
    keys.pull_back(z, loss.gradient(norm, keys[z], rows.k, rows.v, heads));
    std::vector<X> updates;
    updates.reserve(maps);
    for (std::size_t n = 0; n < maps; ++n) {
      updates.push_back(scale_heads(keys.gradient(n), rows.rates));
    }
    X answers;
    if constexpr (Rule::within) {
      QueryPass<X> queries(all, heads, keys, updates, rows.shares);
      answers = model.read(queries, rows.q);
    } else {
      const StillPass<X> queries(all, heads);
      answers = model.read(queries, rows.q);
      for (std::size_t n = 0; n < maps; ++n) add_up(all[n], keys.given(n), updates[n], heads);
    }
    if (last) {
      const X share = take_rows(rows.shares, row_count(rows.shares) - 1, 1);
      for (InnerMap<X>& map : all) step(map, share, heads);
    }
    return loss.answer(norm, rows.q, answers, heads);
  }

 private:
  template <class X>
  static void add_up(InnerMap<X>& map, const X& given, const X& update, Index heads) {
    map.sum = QueryPass<X>::added(map.sum, matmul_heads(given, update, heads, Flip::left));
    if (row_count(map.bias) > 0) {
      map.bias_sum = QueryPass<X>::added(map.bias_sum, sum_rows(update));
    }
  }

  template <class X>
  void step(InnerMap<X>& map, const X& share, Index heads) const {
    rule.step(map.weight, map.velocity, scale_heads(map.sum, share), heads);
    map.sum = take_rows(map.sum, 0, 0);
    if (row_count(map.bias) == 0) return;
    rule.step(map.bias, map.bias_velocity, scale_heads(map.bias_sum, share), heads);
    map.bias_sum = take_rows(map.bias_sum, 0, 0);
  }
};

}  // namespace ttt
