// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>
#include <ttt/layer/layer.hpp>
#include <ttt/shape.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace ttt {

/// Whether derivatives go through the steps that the fast weights of a DeltaMemory take.
enum class InnerSteps {
  differentiated,  ///< through keys, values and the weights before a step
  detached,        ///< through the rates alone, as in the code of arXiv:2603.06642
};

/// A linear map of fast weights, which learns, head by head, to map each key to its value by one
/// step of gradient descent a chunk.
///
///   y_t = q_t W W_o                                         with the W from before the chunk
///   W   = W - rate (2 / chunk) sum_t k_t (k_t W - v_t)      rate = min(|r|, 1 / head)
///
/// Queries and keys are turned by absolute positions; keys and values share one norm. Chunks are
/// counted from the beginning of the text, and reads may end anywhere.
///
/// \shape  x [time, width] -> [time, width]; time > 0
/// \cost   O(time * heads * head * (width + head))
/// \source arXiv:2603.06642, second version, and its code, whose steps are InnerSteps::detached
struct DeltaMemory {
  static constexpr LayerTraits traits{};  ///< its weights learn without a loss of the model
  using Extras = NoExtras;                ///< none

  Index chunk = 0;                                  ///< tokens of a step; 0 for the spec's
  Index heads = 0;                                  ///< 0 for the spec's
  Index head = 0;                                   ///< features of a head; 0 for the spec's
  InnerSteps steps = InnerSteps::differentiated;    ///< what steps pass back
  Rotary rotary{.pairs = RotaryPairs::half_split};  ///< positions; base 0 for the spec's
  PartNames names{"delta_norm", "delta_memory", "delta_post_norm"};  ///< in files

  /// The projections, the first fast weights, and the rates.
  template <class A>
  struct Params {
    A wq;           ///< [width, heads * head], to queries
    A wk;           ///< [width, heads * head], to keys
    A wv;           ///< [width, heads * head], to values
    A wo;           ///< [heads * head, width], from what is read
    A weights;      ///< [head, heads * head], the fast weights at the start of a text
    A rate;         ///< [1, heads], of a step; its magnitude counts
    A norm_weight;  ///< [1, head], of keys and values
    A norm_bias;    ///< [1, head], likewise

    /// Calls on(name, member...) for each member of trees of one form.
    static constexpr void visit(auto&& on, auto&... trees) {
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
    A weights;  ///< [head, heads * head], the fast weights; without rows before the text
    A keys;     ///< [read of the chunk, heads * head]
    A errors;   ///< [read of the chunk, heads * head], k W - v

    /// Calls on(name, member...) for each member of trees of one form.
    static constexpr void visit(auto&& on, auto&... trees) {
      on("weights", trees.weights...);
      on("keys", trees.keys...);
      on("errors", trees.errors...);
    }
  };

  /// The layer with every setting its own, none left to the spec.
  ///
  /// \throws SpecError, a compile error in a constant, that names the first rule that is broken.
  [[nodiscard]] constexpr DeltaMemory settled(const ModelSpec& spec) const {
    DeltaMemory own = *this;
    if (chunk == 0) own.chunk = spec.chunk;
    if (heads == 0) own.heads = spec.heads;
    if (head == 0) own.head = head_of(spec);
    if (rotary.base == 0) own.rotary = spec.rotary;
    require_rule(own.chunk > 0, "chunk must not be negative");
    require_rule(own.heads > 0, "heads must not be negative");
    require_rule(own.head > 0, "head must not be negative");
    require_rule(own.head % 2 == 0, "head must be even, for rotary positions");
    require_rule(own.rotary.base > 1, "rotary.base must be greater than 1");
    return own;
  }

  /// \throws SpecError if a setting breaks a rule.
  [[nodiscard]] constexpr Params<TensorSpec> tensors(const ModelSpec& spec) const {
    const DeltaMemory own = settled(spec);
    const Index inner = own.heads * own.head;
    const TensorSpec to = matrix_spec(spec.init, spec.width, inner);
    const auto fan = static_cast<double>(own.head * own.head + inner);  // of a stack of heads
    return {.wq = to,
            .wk = to,
            .wv = to,
            .wo = matrix_spec(spec.init, inner, spec.width),
            .weights = {own.head, inner, {.bound = square_root(6 / fan)}},
            .rate = {1, own.heads, {.constant = 0.01}},
            .norm_weight = {1, own.head, init::ones},
            .norm_bias = {1, own.head, init::zeros}};
  }

  /// Throws ShapeError or RangeError unless `state` can be that of `position`.
  template <class M>
  void validate(const State<M>& state, Index position, const ModelSpec& spec) const {
    const DeltaMemory own = settled(spec);
    const Index inner = own.heads * own.head;
    const Index most = position % own.chunk;
    if (state.keys.rows() > most) {
      throw RangeError("DeltaMemory: keys must have at most " + std::to_string(most) +
                       " rows, got " + std::to_string(state.keys.rows()));
    }
    expect_rows("DeltaMemory", "weights", state.weights, position == 0 ? 0 : own.head, inner);
    expect_rows("DeltaMemory", "keys", state.keys, state.keys.rows(), inner);
    expect_rows("DeltaMemory", "errors", state.errors, state.keys.rows(), inner);
  }

  /// Reads the rows of x; see Layer.
  template <class P, class X, class C>
  [[nodiscard]] X read(const Params<P>& params, State<X>& state, const X& x,
                       const C& context) const {
    return read(params, state, x, context, nullptr);
  }

  /// The same; appends to `surprisal`, if not null, the mean squared error of each token before the
  /// step.
  template <class P, class X, class C>
  [[nodiscard]] X read(const Params<P>& params, State<X>& state, const X& x, const C& context,
                       std::vector<double>* surprisal) const {
    const DeltaMemory own = settled(context.spec);
    if (row_count(state.weights) == 0) state.weights = params.weights;
    const Projected<X> rows = own.project(params, x, context);
    std::vector<X> answers;
    for (Index at = 0; at < row_count(x);) {
      const Index position = context.position + at;
      const Index count = std::min(row_count(x) - at, own.chunk - position % own.chunk);
      answers.push_back(matmul_heads(take_rows(rows.q, at, count), state.weights, own.heads));
      const X keys = own.constant(take_rows(rows.k, at, count));
      const X errors = subtract(matmul_heads(keys, own.constant(state.weights), own.heads),
                                own.constant(take_rows(rows.v, at, count)));
      if (surprisal != nullptr) note(*surprisal, numbers(value_of(array_of(errors))), count);
      state.keys = append_rows(state.keys, keys);
      state.errors = append_rows(state.errors, errors);
      if ((position + count) % own.chunk == 0) own.step(params, state);
      at += count;
    }
    return matmul(append_all(std::move(answers)), params.wo);
  }

  /// Takes the step of the chunk in progress: what the last tokens of a text do to the memory. No
  /// read-out of the text depends on it.
  template <class P, class X>
  void flush(const Params<P>& params, State<X>& state, const ModelSpec& spec) const {
    if (row_count(state.keys) > 0) settled(spec).step(params, state);
  }

 private:
  /// The queries, keys and values of a read.
  template <class X>
  struct Projected {
    X q, k, v;
  };

  template <class P, class X, class C>
  [[nodiscard]] Projected<X> project(const Params<P>& params, const X& x, const C& context) const {
    std::vector<Index> positions;
    for (Index t = 0; t < row_count(x); ++t) positions.push_back(context.position + t);
    const auto turned = [&](const X& rows) {
      return rotate(rows, context.rotary, head, rotary, std::span<const Index>(positions));
    };
    const auto normed = [&](const X& rows) {
      return layer_norm(rows, params.norm_weight, params.norm_bias);
    };
    return {turned(matmul(x, params.wq)), normed(turned(matmul(x, params.wk))),
            normed(matmul(x, params.wv))};
  }

  /// What a step takes as a constant where steps are detached.
  template <class X>
  [[nodiscard]] X constant(const X& x) const {
    return steps == InnerSteps::detached ? detach(x) : x;
  }

  template <class P, class X>
  void step(const Params<P>& params, State<X>& state) const {
    const X rate = clamp(magnitude(params.rate), 0, 1.0 / static_cast<double>(head));
    const X downhill =
        scale_heads(state.errors, rate, -2.0 / static_cast<double>(row_count(state.keys)));
    state.weights =
        add(constant(state.weights), matmul_heads(state.keys, downhill, heads, Flip::left));
    state.keys = take_rows(state.keys, 0, 0);
    state.errors = take_rows(state.errors, 0, 0);
  }

  /// Appends the mean square of each of `count` rows.
  static void note(std::vector<double>& surprisal, const std::vector<double>& errors, Index count) {
    const Index width = std::ssize(errors) / count;
    for (Index t = 0; t < count; ++t) {
      double squares = 0;
      for (Index i = t * width; i < (t + 1) * width; ++i) squares += at(errors, i) * at(errors, i);
      surprisal.push_back(squares / static_cast<double>(width));
    }
  }
};

static_assert(Layer<DeltaMemory>);

}  // namespace ttt
