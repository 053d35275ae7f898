// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/context.hpp>

#include <optional>
#include <utility>

namespace ttt {

/// Heads of a linear recurrence: of what is written and read out, and of the keys and queries that
/// groups of them share.
struct RecurrentHeads {
  Index heads;   ///< of what is written, a multiple of groups
  Index groups;  ///< of keys and queries
};

/// A chunk of a recurrence whose state is a matrix for each head, which decays and to which each
/// token adds a product:
///
///   S_t = exp(g_t) S_(t - 1) + k_t^T u_t,    y_t = q_t S_t
///
/// A chunk is read at once. What its tokens wrote is read like attention without a softmax, what
/// stands before it by one product:
///
///   y_t = exp(G_t) q_t S + sum of exp(G_t - G_s) (q_t . k_s) u_s over s <= t
///   G_t = g_1 + .. + g_t
///
/// The state-space dual of Mamba-2 writes its inputs, the gated delta rule its errors, TTT-Linear
/// its gradients, without a decay.
///
/// \shape  state [key, heads * value], without rows where it is zero; q, k [time, groups * key];
///         u, y [time, heads * value]; g [time, heads]
/// \cost   O(time * heads * (key + value) * (time + value))
/// \source Dao and Gu 2024, "Transformers are SSMs", arXiv:2405.21060
template <class X>
class LinearRecurrence {
 public:
  /// Without a decay; `plus` is added to each product of a query with a key.
  explicit LinearRecurrence(RecurrentHeads heads, double plus = 0) : heads_(heads), plus_(plus) {}
  /// With the logarithms of the decays of each token and head.
  LinearRecurrence(RecurrentHeads heads, const X& log_decay) : heads_(heads) {
    auto [between, reach, left, whole] = chunk_decays(log_decay);
    decays_ = Decays{std::move(between), std::move(reach), std::move(left), std::move(whole)};
  }

  /// The weight with which each token reads what each token up to itself wrote.
  ///
  /// \shape  [time, heads * time]
  [[nodiscard]] X weights(const X& q, const X& k) const {
    const X products = matmul_heads(q, k, heads_.groups, Flip::right);
    return decays_ ? multiply_groups(decays_->between, products, heads_.heads, heads_.groups)
                   : lower_triangle(products, plus_);
  }

  /// What each token reads of the state before the chunk.
  ///
  /// \pre state has rows
  [[nodiscard]] X recall(const X& state, const X& q) const {
    const X read = matmul_heads(q, state, heads_.groups);
    return decays_ ? scale_heads(read, decays_->reach) : read;
  }

  /// What each token reads, itself included; moves `state` behind the chunk.
  [[nodiscard]] X read(X& state, const X& q, const X& k, const X& u) const {
    X y = matmul_heads(weights(q, k), u, heads_.heads);
    const bool old = row_count(state) > 0;
    if (old) y = add(y, recall(state, q));
    const X written =
        matmul_heads(k, decays_ ? scale_heads(u, decays_->left) : u, heads_.groups, Flip::left);
    if (!old) {
      state = written;
    } else {
      state = add(decays_ ? scale_heads(state, decays_->whole) : state, written);
    }
    return y;
  }

 private:
  struct Decays {
    X between, reach, left, whole;  ///< see ChunkDecays
  };

  RecurrentHeads heads_;
  double plus_ = 0;
  std::optional<Decays> decays_;
};

}  // namespace ttt
