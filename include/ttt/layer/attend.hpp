// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/layer/layer.hpp>

#include <type_traits>

namespace ttt {

/// The one memory that several are together: a memory specialises it for what it goes with.
template <class... Memories>
struct Together;
template <class Memory>
struct Together<Memory> : std::type_identity<Memory> {};

/// Attention to what memories keep: projects queries, keys and values, and lets the memory answer.
///
///   y = memory(n_q(x W_q), n_k(x W_k), x W_v) W_o
///
/// A memory that is gated is also given a gate, which the layer learns.
///
/// \shape  x [time, width] -> [time, width]
/// \cost   O(time * width^2), and what the memory costs
template <class... Memories>
struct Attend {
  /// All of them together.
  using Memory = typename Together<Memories...>::type;
  /// Whether reads must keep to chunks.
  static constexpr bool reads_chunks = detail::reads_chunks<Memory>;
  /// Whether the model gives keep scores.
  static constexpr bool scored = detail::scored<Memory>;
  /// Whether the memory has a gate.
  static constexpr bool gated = detail::gated<Memory>;
  static constexpr PartNames names{"seq_norm", "seq_modeling_block", "seq_post_norm"};

  /// The projections, the norms of queries and keys, and the gate.
  template <class A>
  struct Params {
    A wq;      ///< [width, width], to queries
    A wk;      ///< [width, width], to keys
    A wv;      ///< [width, width], to values
    A wo;      ///< [width, width], from what the memory answers
    A q_norm;  ///< [1, width / heads], shared by the heads, or without rows
    A k_norm;  ///< likewise
    A gate;    ///< [1, 1], of the memory, or without rows

    static void visit(auto&& on, auto&... trees) {
      on("wq.weight", trees.wq...);
      on("wk.weight", trees.wk...);
      on("wv.weight", trees.wv...);
      on("wo.weight", trees.wo...);
      on("q_norm.weight", trees.q_norm...);
      on("k_norm.weight", trees.k_norm...);
      on("gate.weight", trees.gate...);
    }
  };

  /// What the memory keeps.
  template <class A>
  using State = typename Memory::template State<A>;

  template <ModelSpec Spec>
  [[nodiscard]] static Params<TensorSpec> tensors() {
    constexpr TensorSpec square{Spec.width, Spec.width};
    constexpr TensorSpec norm = Spec.query_key_norm == QueryKeyNorm::rms
                                    ? TensorSpec{1, Spec.width / Spec.heads, Start::ones}
                                    : TensorSpec{};
    constexpr TensorSpec gate = gated ? TensorSpec{1, 1, Start::nearly_shut} : TensorSpec{};
    return {.wq = square,
            .wk = square,
            .wv = square,
            .wo = square,
            .q_norm = norm,
            .k_norm = norm,
            .gate = gate};
  }

  /// Rows of the rotary table that a read of at most a chunk needs.
  static constexpr Index positions(const ModelSpec& spec) { return Memory::positions(spec); }

  /// Throws unless `state` can be what the memory keeps at `position`.
  template <ModelSpec Spec, class M>
  static void expect(const State<M>& state, Index position) {
    Memory::template expect<Spec>(state, position);
  }

  template <ModelSpec Spec, class P, class X>
  [[nodiscard]] static X read(const Params<P>& params, State<X>& state, const X& x,
                              const Pass<X>& pass) {
    X q = matmul(x, params.wq);
    X k = matmul(x, params.wk);
    if constexpr (Spec.query_key_norm == QueryKeyNorm::rms) {
      q = rms_norm(q, params.q_norm);
      k = rms_norm(k, params.k_norm);
    }
    const X v = matmul(x, params.wv);
    if constexpr (gated) {
      return matmul(Memory::template attend<Spec>(state, q, k, v, pass, params.gate), params.wo);
    } else {
      return matmul(Memory::template attend<Spec>(state, q, k, v, pass), params.wo);
    }
  }
};

}  // namespace ttt
