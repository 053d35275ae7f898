// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/layer/layer.hpp>
#include <ttt/memory/cached_window.hpp>
#include <ttt/memory/whole.hpp>
#include <ttt/memory/window.hpp>

#include <span>

namespace ttt {

/// Attention to what a memory stores: projects queries, keys and values, and lets the memory
/// answer.
///
///   y = memory(n_q(x W_q), n_k(x W_k), x W_v) W_o
///
/// A memory that is gated is also given a gate, which the layer learns.
///
/// \shape  x [time, width] -> [time, width]
/// \cost   O(time * width * heads * head), and what the memory costs
template <class... Memories>
struct Attend {
  using Memory = typename CombinedMemory<Memories...>::type;  ///< all of them together
  static constexpr LayerTraits traits = Memory::traits;       ///< of the memory
  using Extras = typename Memory::Extras;                     ///< of the memory

  Index heads = 0;           ///< of queries; 0 for the spec's
  Index kv_heads = 0;        ///< of keys and values; 0 for the spec's
  Index head = 0;            ///< features of a head; 0 for the spec's
  Rotary rotary{.base = 0};  ///< positions; base 0 for the spec's
  Memory memory{};           ///< answers
  PartNames names{"seq_norm", "seq_modeling_block", "seq_post_norm"};  ///< in files

  /// The projections, the norms of queries and keys, and the gate.
  template <class A>
  struct Params {
    A wq;      ///< [width, heads * head], to queries
    A wk;      ///< [width, kv_heads * head], to keys
    A wv;      ///< [width, kv_heads * head], to values
    A wo;      ///< [heads * head, width], from what the memory answers
    A q_norm;  ///< [1, head], shared by the heads, or without rows
    A k_norm;  ///< likewise
    A gate;    ///< [1, 1], of the memory, or without rows

    /// Calls on(name, member...) for each member of trees of one form.
    static constexpr void visit(auto&& on, auto&... trees) {
      on("wq.weight", trees.wq...);
      on("wk.weight", trees.wk...);
      on("wv.weight", trees.wv...);
      on("wo.weight", trees.wo...);
      on("q_norm.weight", trees.q_norm...);
      on("k_norm.weight", trees.k_norm...);
      on("gate.weight", trees.gate...);
    }
  };

  /// What the memory stores.
  template <class A>
  using State = typename Memory::template State<A>;

  /// The layer's shape, with the spec's where it has none of its own.
  [[nodiscard]] constexpr AttentionShape shape(const ModelSpec& spec) const {
    const Index queries = heads > 0 ? heads : spec.heads;
    const Index of_keys = kv_heads > 0 ? kv_heads : heads > 0 ? heads : kv_heads_of(spec);
    return {.heads = {.heads = queries, .kv_heads = of_keys},
            .head = head > 0 ? head : head_of(spec),
            .rotary = rotary.base > 0 ? rotary : spec.rotary};
  }

  /// What the parameters are.
  [[nodiscard]] constexpr Params<TensorSpec> tensors(const ModelSpec& spec) const {
    const AttentionShape own = shape(spec);
    require_rule(own.head % 2 == 0, "head must be even, for rotary positions");
    require_rule(own.heads.heads % own.heads.kv_heads == 0, "heads must be a multiple of kv_heads");
    // A memory may have a rule for its length.
    if constexpr (requires { memory.tokens(spec); }) static_cast<void>(memory.tokens(spec));
    const Index q_width = own.heads.heads * own.head;
    const TensorSpec norm = spec.query_key_norm == QueryKeyNorm::rms
                                ? TensorSpec{1, own.head, init::ones}
                                : TensorSpec{};
    return {.wq = matrix_spec(spec.init, spec.width, q_width),
            .wk = matrix_spec(spec.init, spec.width, own.kv_width()),
            .wv = matrix_spec(spec.init, spec.width, own.kv_width()),
            .wo = matrix_spec(spec.init, q_width, spec.width),
            .q_norm = norm,
            .k_norm = norm,
            .gate = Memory::gated ? TensorSpec{1, 1, init::closed_gate} : TensorSpec{}};
  }

  /// Throws unless `state` can be what the memory stores at `position`.
  template <class M>
  void validate(const State<M>& state, Index position, const ModelSpec& spec) const {
    memory.validate(state, position, shape(spec), spec);
  }

  /// As the memory.
  template <class A>
  void observe(State<A>& state, std::span<const double> surprisal, const ModelSpec& spec) const
      requires(Memory::traits.surprisal) {
    memory.observe(state, surprisal, spec);
  }

  /// Reads the rows of x; see Layer.
  template <class P, class X, class C>
  [[nodiscard]] X read(const Params<P>& params, State<X>& state, const X& x,
                       const C& context) const {
    X q = matmul(x, params.wq);
    X k = matmul(x, params.wk);
    if (context.spec.query_key_norm == QueryKeyNorm::rms) {
      q = rms_norm(q, params.q_norm);
      k = rms_norm(k, params.k_norm);
    }
    const X v = matmul(x, params.wv);
    return matmul(
        memory.attend(state, AttentionRows<X>{q, k, v}, params.gate, shape(context.spec), context),
        params.wo);
  }
};

static_assert(Layer<Attend<Window>> && Layer<Attend<Whole>> && Layer<Attend<Window, Cache<4>>>);

}  // namespace ttt
