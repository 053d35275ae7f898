// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>
#include <ttt/layer/delta_memory.hpp>
#include <ttt/layer/layer.hpp>
#include <ttt/memory/recall_hidden.hpp>
#include <ttt/memory/sr_ttt.hpp>
#include <ttt/shape.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace ttt {

/// The memory of SR-TTT: a DeltaMemory, and a cache of the tokens that surprised it.
///
///   y = delta(x) + alpha cache(x),    alpha = clamp(gate, 0, largest_gate)
///
/// The surprisal of a token is its mean squared error in the DeltaMemory. The order of a window:
/// its tokens read the cache as the windows before have left it; the filter flags those of unusual
/// surprisal; they are stored, as they entered the layer. What is stored is a constant: a later
/// window brings no gradient here. Windows and chunks are counted from the beginning of the text,
/// and reads may end anywhere.
///
/// \shape  x [time, width] -> [time, width]; time > 0
/// \cost   as DeltaMemory, O(time * slots * heads * head), and O(slots * width * heads * head) for
///         each window that a read touches: for each token that is read alone
/// \source arXiv:2603.06642, second version, and its code
template <Evict Order = evict::LeastSurprisingForAge>
struct ResidualDelta {
  static constexpr LayerTraits traits{};  ///< as DeltaMemory
  /// What it takes from outside.
  struct Extras {
    using Options = SrTttOptions;  ///< caching, forced tokens, the oracle's term
    using Side = NoSide;           ///< none
  };

  Index window = 0;           ///< tokens after which flagged ones are stored; 0 for the spec's
  Index slots = 512;          ///< tokens stored at most; 0 for no cache
  double largest_gate = 0.5;  ///< alpha at most
  PercentileFilter filter{};  ///< flags
  Order evict{};              ///< the order of eviction
  DeltaMemory delta{};        ///< the fast weights; its heads are those of the cache, too
  PartNames names{"memory_norm", "memory", "memory_post_norm"};  ///< in files

  /// The parameters of both memories; those of the cache are without rows if there is none.
  template <class A>
  struct Params {
    DeltaMemory::Params<A> delta;    ///< the fast weights
    A gate;                          ///< [1, 1], of the cache
    RecallHidden::Params<A> recall;  ///< from the cache

    /// Calls on(name, member...) for each member of trees of one form.
    static constexpr void visit(auto&& on, auto&... trees) {
      on("ttt", trees.delta...);
      on("gate_param", trees.gate...);
      on("cache_attn", trees.recall...);
    }
  };

  /// What was learned and stored, and the window in progress.
  template <class A>
  struct State {
    DeltaMemory::State<A> delta;  ///< the fast weights
    A window;                     ///< [read of the window, width], as it entered the layer
    Metadata<double> surprisal;   ///< [read of the window]
    Metadata<double> threshold;   ///< [1], the filter's; empty before the first window
    typename ResidualCache<Order>::template State<A> cache;  ///< the stored tokens

    /// Calls on(name, member...) for each member of trees of one form.
    static constexpr void visit(auto&& on, auto&... trees) {
      on("delta", trees.delta...);
      on("window", trees.window...);
      on("surprisal", trees.surprisal...);
      on("threshold", trees.threshold...);
      on("cache", trees.cache...);
    }
  };

  /// The layer with every setting its own, none left to the spec.
  ///
  /// \throws SpecError, a compile error in a constant, that names the first rule that is broken.
  [[nodiscard]] constexpr ResidualDelta settled(const ModelSpec& spec) const {
    ResidualDelta own = *this;
    own.delta = delta.settled(spec);
    if (window == 0) own.window = spec.window;
    require_rule(own.window > 0, "window must not be negative");
    require_rule(own.slots >= 0, "slots must not be negative");
    require_rule(own.largest_gate >= 0, "largest_gate must not be negative");
    require_rule(own.filter.part > 0, "filter.part must be positive");
    require_rule(own.filter.percent >= 0 && own.filter.percent <= 100,
                 "filter.percent must be in 0..100");
    return own;
  }

  /// \throws SpecError if a setting breaks a rule.
  [[nodiscard]] constexpr Params<TensorSpec> tensors(const ModelSpec& spec) const {
    Params<TensorSpec> all{.delta = settled(spec).delta.tensors(spec), .gate = {}, .recall = {}};
    if (slots == 0) return all;
    all.gate = {1, 1, {.constant = 0.05}};
    all.recall = {.wq = all.delta.wq, .wk = all.delta.wk, .wv = all.delta.wv, .wo = all.delta.wo};
    return all;
  }

  /// Throws ShapeError or RangeError unless `state` can be that of `position`.
  template <class M>
  void validate(const State<M>& state, Index position, const ModelSpec& spec) const {
    const ResidualDelta own = settled(spec);
    own.delta.validate(state.delta, position, spec);
    const Index stored = std::ssize(state.cache.entries);
    const auto expect = [](const char* name, Index count, Index most) {
      if (count <= most) return;
      throw RangeError(std::string("ResidualDelta: ") + name + " must be at most " +
                       std::to_string(most) + ", got " + std::to_string(count));
    };
    expect("tokens of the window", state.window.rows(), slots == 0 ? 0 : position % own.window);
    expect("thresholds", std::ssize(state.threshold), 1);
    expect("entries", stored, state.threshold.empty() ? 0 : slots);
    expect_rows("ResidualDelta", "window", state.window, std::ssize(state.surprisal), spec.width);
    expect_rows("ResidualDelta", "cache.hidden", state.cache.hidden, stored, spec.width);
    detail::expect_rising("ResidualDelta", state.cache.entries, position - state.window.rows());
  }

  /// Reads the rows of x; see Layer.
  ///
  /// \throws ShapeError if the oracle's term is wanted, and needles and queries differ in length;
  ///         the state is then untouched.
  template <class P, class X, class C>
  [[nodiscard]] X read(const Params<P>& params, State<X>& state, const X& x,
                       const C& context) const {
    const SrTttOptions& options = context.options;
    if (context.losses != nullptr && options.oracle != 0 &&
        options.needles.size() != options.queries.size()) {
      throw ShapeError("ResidualDelta.read: needles must be [" +
                       std::to_string(options.queries.size()) + "], got [" +
                       std::to_string(options.needles.size()) + ']');
    }
    const ResidualDelta own = settled(context.spec);
    if (own.slots == 0 || options.caching == Caching::off) {
      return own.delta.read(params.delta, state.delta, x, context);
    }
    std::vector<double> surprisal;
    X learned = own.delta.read(params.delta, state.delta, x, context, &surprisal);
    std::vector<X> recalled;  // of the last rows: there is nothing stored before the first ones
    Index blind = 0;          // rows before them
    for (Index at = 0; at < row_count(x);) {
      const Index position = context.position + at;
      const Index count = std::min(row_count(x) - at, own.window - position % own.window);
      const X rows = take_rows(x, at, count);
      if (state.cache.entries.empty()) {
        blind += count;
      } else {
        recalled.push_back(own.recall(params.recall, state.cache, rows, position, context));
      }
      state.window = append_rows(state.window, detach(rows));
      const auto first = surprisal.begin() + at;
      state.surprisal.insert(state.surprisal.end(), first, first + count);
      if ((position + count) % own.window == 0) own.store(state, position + count, options);
      at += count;
    }
    if (recalled.empty()) return learned;
    const X answer = scale_heads(matmul(append_all(std::move(recalled)), params.recall.wo),
                                 X(clamp(params.gate, 0, own.largest_gate)));
    if (blind == 0) return add(learned, answer);
    return append_rows(take_rows(learned, 0, blind),
                       add(take_rows(learned, blind, row_count(x) - blind), answer));
  }

  /// Takes the chunk and the window in progress as complete: what the last tokens of a text do to
  /// the memory. No read-out of the text depends on it. `context` is that of the token behind them.
  template <class P, class X, class C>
  void flush(const Params<P>& params, State<X>& state, const C& context) const {
    const ResidualDelta own = settled(context.spec);
    own.delta.flush(params.delta, state.delta, context.spec);
    if (row_count(state.window) > 0) own.store(state, context.position, context.options);
  }

 private:
  /// Reads the cache with rows of one window; emits the oracle's term where losses are wanted.
  template <class P, class X, class C>
  [[nodiscard]] X recall(const RecallHidden::Params<P>& params,
                         typename ResidualCache<Order>::template State<X>& cache, const X& rows,
                         Index position, const C& context) const {
    auto read =
        RecallHidden::read(params, cache.hidden, cache.entries, rows, delta.heads, position);
    note_recall(cache.entries, numbers(value_of(array_of(read.weights))), row_count(rows),
                delta.heads, position);
    if (context.losses != nullptr && context.options.oracle != 0) {
      auto places = oracle_places(cache.entries, position, row_count(rows), context.options);
      if (!places.empty()) {
        constexpr double floor = 1e-6;  // as in the code of arXiv:2603.06642
        context.losses->terms.push_back({"oracle", context.options.oracle,
                                         negative_log(read.weights, std::move(places), floor)});
      }
    }
    return std::move(read.rows);
  }

  /// Where in the weights of [rows, heads * stored] the needles of the rows' queries are; nothing
  /// if no query of the window has its needle stored.
  [[nodiscard]] std::vector<Index> oracle_places(std::span<const Entry> entries, Index position,
                                                 Index rows, const SrTttOptions& options) const {
    const Index begin = position - position % window;
    const Index stored = std::ssize(entries);
    bool any = false;
    std::vector<Index> places;
    for (std::size_t n = 0; n < options.queries.size(); ++n) {
      const Index query = options.queries[n];
      if (query < begin || query >= begin + window) continue;
      const auto found = std::ranges::find(entries, options.needles[n], &Entry::position);
      any = any || found != entries.end();
      if (query < position || query >= position + rows) continue;
      for (Index h = 0; h < delta.heads; ++h) {
        places.push_back(found == entries.end() ? NegativeLog::nowhere
                                                : ((query - position) * delta.heads + h) * stored +
                                                      (found - entries.begin()));
      }
    }
    return any ? places : std::vector<Index>{};
  }

  /// Stores the tokens of the window that are flagged or forced; the last stands before `end`.
  template <class X>
  void store(State<X>& state, Index end, const SrTttOptions& options) const {
    const Flagged flagged =
        filter(state.surprisal,
               state.threshold.empty() ? std::nullopt : std::optional(state.threshold.front()));
    std::vector<Index> chosen;
    std::vector<Entry> newcomers;
    for (Index t = 0; t < row_count(state.window); ++t) {
      const Index position = end - row_count(state.window) + t;
      const bool forced = std::ranges::find(options.forced, position) != options.forced.end();
      if (!flagged.tokens[static_cast<std::size_t>(t)] && !forced) continue;
      newcomers.push_back({.position = position,
                           .surprisal = at(state.surprisal, t),
                           .attended_at = end,
                           .now = end});
      chosen.push_back(t);
    }
    ResidualCache<Order>{evict}.insert(state.cache, choose_rows(state.window, chosen), newcomers,
                                       slots);
    state.threshold.assign(1, flagged.threshold);
    state.surprisal.clear();
    state.window = take_rows(state.window, 0, 0);
  }
};

/// The layer, or a compile error that names the rule that it breaks in a model of `spec`.
template <Evict Order>
[[nodiscard]] constexpr ResidualDelta<Order> checked(const ResidualDelta<Order>& layer,
                                                     const ModelSpec& spec) {
  static_cast<void>(layer.settled(spec));
  return layer;
}

/// The tensors that a stage leaves as they are, for AdamW::frozen. Tensors that detached steps give
/// no gradient are among them, so that they do not decay.
[[nodiscard]] inline std::vector<std::string> frozen_in(
    SrTttStage stage, InnerSteps steps = InnerSteps::differentiated) {
  if (stage == SrTttStage::recall) {
    return {"wte.", "norm", "ln_f.", "lm_head.", ".ttt.", "feed_forward."};
  }
  std::vector<std::string> names{".gate_param", ".cache_attn."};
  if (steps == InnerSteps::detached) {
    names.insert(names.end(), {".ttt.W_k.", ".ttt.W_v.", ".ttt.layer_norm."});
  }
  return names;
}

static_assert(Layer<ResidualDelta<>> && Layer<With<ResidualDelta<>{.window = 5}>>);

}  // namespace ttt
