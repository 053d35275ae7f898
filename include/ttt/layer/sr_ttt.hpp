// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations.hpp>
#include <ttt/layer/delta_memory.hpp>
#include <ttt/layer/swiglu.hpp>
#include <ttt/memory/percentile.hpp>
#include <ttt/memory/residual_cache.hpp>
#include <ttt/spec/sr_ttt_spec.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace ttt {

/// Whether the blocks of an SR-TTT model keep and read what surprised them.
enum class Caching { on, off };

/// How a text is read by an SR-TTT model.
struct SrTttOptions {
  PercentileFilter filter{};       ///< flags what caches take in
  Caching caching = Caching::on;   ///< off in the first stage of training
  std::vector<Index> forced = {};  ///< positions of tokens that are taken in, flagged or not
};

/// What a block of an SR-TTT model needs in a read besides parameters and state.
template <class S>
struct SrTttPass {
  Rotate<S> rotate;             ///< turns row t of the read to its position in the text
  Index position = 0;           ///< tokens of the text that were read before
  Index block = 0;              ///< number of the block, for who watches
  const SrTttOptions& options;  ///< of the whole text
};

/// A block has read tokens: what is told to who watches.
template <class X>
struct SrTttRead {
  Index block;                         ///< its number
  Index position;                      ///< of the read's first token
  std::span<const AgedEntry> entries;  ///< that the queries could see
  const X* weights;   ///< [time, heads * entries], attention to them; null if there are none
  const X* recalled;  ///< [time, width], what the cache answered, before the gate; or null
  const X& learned;   ///< [time, width], what the fast weights answered
  const X& out;       ///< [time, width], what the block passes on
};

/// The fast weights of a block have taken a step: what is told to who watches.
template <class X>
struct SrTttLearned {
  Index block;                        ///< its number
  Index position;                     ///< of the first token of the chunk
  std::span<const double> surprisal;  ///< [chunk], mean squared errors before the step
  const X& fast;                      ///< [head, heads * head], after it
};

/// The cache of a block has taken in what was flagged in a window: what is told to who watches.
struct SrTttKept {
  Index block;                         ///< its number
  Index position;                      ///< of the first token of the window
  const Flagged& flagged;              ///< what the filter says of the window
  Insertion insertion;                 ///< what came and went
  std::span<const AgedEntry> entries;  ///< afterwards
};

/// Attention, beside everything else, to the hidden states that a cache keeps.
///
///   y_t = softmax over kept j before t of ((x_t W_q) (h_j W_k) / sqrt(head)) h_j W_v W_o
///
/// Positions are not in it; a query that nothing kept precedes gets zeros.
///
/// \source arXiv:2603.06642, second version, and its code
struct RecallHidden {
  /// The projections, which are the cache's own.
  template <class A>
  struct Params {
    A wq;  ///< [width, heads * head], to queries
    A wk;  ///< [width, heads * head], from what is kept to keys
    A wv;  ///< [width, heads * head], from what is kept to values
    A wo;  ///< [heads * head, width], from what is read

    static void visit(auto&& on, auto&... trees) {
      on("W_qc.weight", trees.wq...);
      on("W_kc.weight", trees.wk...);
      on("W_vc.weight", trees.wv...);
      on("W_o.weight", trees.wo...);
    }
  };

  /// What a read of a cache gives.
  template <class X>
  struct Result {
    X weights;  ///< [time, heads * kept]
    X out;      ///< [time, width]
  };

  /// \shape  x [time, width], hidden [kept, width], kept > 0
  /// \cost   O((time + kept) * width * heads * head + time * kept * heads * head)
  template <class X>
  [[nodiscard]] static Result<X> read(const Params<X>& params, const X& hidden,
                                      std::span<const AgedEntry> entries, const X& x, Index heads,
                                      Index position) {
    const X q = matmul(x, params.wq);
    const X k = matmul(hidden, params.wk);
    const X v = matmul(hidden, params.wv);
    const Index head = array_of_value(q).cols() / heads;
    SoftmaxEarlier share{.heads = heads,
                         .scale = 1 / std::sqrt(static_cast<double>(head)),
                         .positions = {},
                         .first = position};
    for (const AgedEntry& entry : entries) share.positions.push_back(entry.position);
    X weights = apply(share, matmul_heads<Flip::right>(q, k, heads));
    X out = matmul(matmul_heads(weights, v, heads), params.wo);
    return {std::move(weights), std::move(out)};
  }

 private:
  template <class X>
  static const auto& array_of_value(const X& x) {
    return value_of(array_of(x));
  }
};

/// A block of SR-TTT: fast weights, a cache of what surprised them, and a SwiGLU.
///
///   g  = norm(h)
///   h' = h + memory(g) + alpha cache(g),    alpha = clamp(gate, 0, 0.5)
///   y  = h' + swiglu(norm(h'))
///
/// The life of a window, in this order: its tokens read the cache as the windows before have left
/// it; then the filter flags those whose error was unusual; then they are inserted, as they entered
/// the memory, and as constants: what a later window reads of them brings no gradient here.
///
/// \law causal     row t of the result depends on rows 0..t of h, bit for bit
/// \law streaming  cutting h into reads changes no result beyond rounding
/// \source arXiv:2603.06642, second version, and its code
template <SrTttSpec Spec>
struct SrTttBlock {
  /// The cache.
  using Cache = ResidualCache<>;
  /// The largest share that the cache can have. \source the code of arXiv:2603.06642
  static constexpr double largest_gate = 0.5;

  /// Parts, norms and gate.
  template <class A>
  struct Params {
    A norm1;                         ///< [1, width], weight, before memory and cache
    A norm1_bias;                    ///< [1, width]
    DeltaMemory::Params<A> memory;   ///< the fast weights
    A gate;                          ///< [1, 1], of the cache
    RecallHidden::Params<A> recall;  ///< from the cache
    A norm2;                         ///< [1, width], weight, before the SwiGLU
    A norm2_bias;                    ///< [1, width]
    SwiGlu::Params<A> feed_forward;  ///< last

    static void visit(auto&& on, auto&... trees) {
      on("norm1.weight", trees.norm1...);
      on("norm1.bias", trees.norm1_bias...);
      on("ttt", trees.memory...);
      on("gate_param", trees.gate...);
      on("cache_attn", trees.recall...);
      on("norm2.weight", trees.norm2...);
      on("norm2.bias", trees.norm2_bias...);
      on("ffn", trees.feed_forward...);
    }
  };

  /// What was learned and kept, and the window in progress.
  template <class A>
  struct State {
    DeltaMemory::State<A> memory;    ///< the fast weights
    typename Cache::State<A> cache;  ///< what surprised
    A window;                        ///< [read of the window, width], what entered the memory
    Notes<double> surprisal;         ///< of the window's tokens, as far as chunks are complete
    Notes<double> threshold;         ///< [1], the filter's; empty before the first window

    static void visit(auto&& on, auto&... trees) {
      on("memory", trees.memory...);
      on("cache", trees.cache...);
      on("window", trees.window...);
      on("surprisal", trees.surprisal...);
      on("threshold", trees.threshold...);
    }
  };

  /// \shape  h [time, width] -> [time, width]; time > 0
  /// \throws RangeError if the tokens go beyond the window that they begin in, and caching is on;
  ///         the state is then untouched.
  template <class X, class Watch>
  [[nodiscard]] static X read(const Params<X>& params, State<X>& state, const X& h,
                              const SrTttPass<Scalar<X>>& pass, Watch&& watch) {
    const bool caching = pass.options.caching == Caching::on;
    if (caching && row_count(state.window) + row_count(h) > Spec.window) {
      throw RangeError("SrTttBlock.read: a read at position " + std::to_string(pass.position) +
                       " must end with its window, after at most " +
                       std::to_string(Spec.window - row_count(state.window)) + " tokens, got " +
                       std::to_string(row_count(h)));
    }
    const X g = layer_norm(h, params.norm1, params.norm1_bias);
    Index chunk = pass.position - row_count(state.memory.keys);
    const X learned =
        DeltaMemory::read<Spec>(params.memory, state.memory, g, pass.rotate,
                                [&](std::span<const double> surprisal, const X& fast) {
                                  note_step(state, pass, chunk, surprisal, fast, watch);
                                  chunk += std::ssize(surprisal);
                                });
    X sum = add(h, learned);
    const Notes<AgedEntry>& entries = state.cache.entries;
    std::optional<RecallHidden::Result<X>> recalled;
    if (caching && !entries.empty()) {
      recalled = RecallHidden::read(params.recall, state.cache.hidden, entries, g, Spec.heads,
                                    pass.position);
      sum = add(sum, scale_heads(recalled->out, clamp(params.gate, 0, largest_gate)));
    }
    X out = add(sum, feed_forward(params, sum));
    watch(SrTttRead<X>{.block = pass.block,
                       .position = pass.position,
                       .entries = entries,
                       .weights = recalled ? &recalled->weights : nullptr,
                       .recalled = recalled ? &recalled->out : nullptr,
                       .learned = learned,
                       .out = out});
    if (caching) {
      state.window = append_rows(std::move(state.window), detach(g));
      if (row_count(state.window) == Spec.window) {
        keep(state, pass, pass.position + row_count(h), watch);
      }
    }
    return out;
  }

  /// Takes the chunk and the window in progress as complete: what the last tokens of a text do to
  /// the memory. No read-out of the text depends on it.
  template <class X, class Watch>
  static void settle(const Params<X>& params, State<X>& state, const SrTttPass<Scalar<X>>& pass,
                     Watch&& watch) {
    const Index chunk = pass.position - row_count(state.memory.keys);
    DeltaMemory::step<Spec>(params.memory, state.memory,
                            [&](std::span<const double> surprisal, const X& fast) {
                              note_step(state, pass, chunk, surprisal, fast, watch);
                            });
    if (row_count(state.window) > 0) keep(state, pass, pass.position, watch);
  }

 private:
  template <class X>
  [[nodiscard]] static X feed_forward(const Params<X>& params, const X& h) {
    constexpr ModelSpec shapes{.vocab = Spec.vocab,
                               .width = Spec.width,
                               .heads = Spec.heads,
                               .hidden = Spec.hidden,
                               .window = Spec.window,
                               .chunk = Spec.chunk};
    SwiGlu::State<X> nothing;
    return SwiGlu::read<shapes>(params.feed_forward, nothing,
                                layer_norm(h, params.norm2, params.norm2_bias),
                                Pass<X>{.rotary = nullptr});
  }

  template <class X, class Watch>
  static void note_step(State<X>& state, const SrTttPass<Scalar<X>>& pass, Index chunk,
                        std::span<const double> surprisal, const X& fast, Watch&& watch) {
    if (pass.options.caching == Caching::on) {
      state.surprisal.insert(state.surprisal.end(), surprisal.begin(), surprisal.end());
    }
    watch(SrTttLearned<X>{
        .block = pass.block, .position = chunk, .surprisal = surprisal, .fast = fast});
  }

  /// Flags and inserts the window's tokens, of which the last stands before `end`.
  template <class X, class Watch>
  static void keep(State<X>& state, const SrTttPass<Scalar<X>>& pass, Index end, Watch&& watch) {
    const Index first = end - row_count(state.window);
    const Flagged flagged = pass.options.filter(
        state.surprisal,
        state.threshold.empty() ? std::nullopt : std::optional(state.threshold.front()));
    std::vector<Index> chosen;
    std::vector<AgedEntry> newcomers;
    for (std::size_t t = 0; t < state.surprisal.size(); ++t) {
      const Index position = first + static_cast<Index>(t);
      const bool forced =
          std::ranges::find(pass.options.forced, position) != pass.options.forced.end();
      if (!flagged.tokens[t] && !forced) continue;
      AgedEntry entry;
      entry.position = position;
      entry.surprisal = state.surprisal[t];
      entry.forced = forced;
      newcomers.push_back(entry);
      chosen.push_back(static_cast<Index>(t));
    }
    const Insertion insertion =
        Cache::insert(state.cache, choose_rows(state.window, chosen), newcomers, Spec.slots);
    state.threshold.assign(1, flagged.threshold);
    state.surprisal.clear();
    state.window = take_rows(state.window, 0, 0);
    watch(SrTttKept{.block = pass.block,
                    .position = first,
                    .flagged = flagged,
                    .insertion = insertion,
                    .entries = state.cache.entries});
  }
};

}  // namespace ttt
