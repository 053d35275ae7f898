// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>
#include <ttt/layer/layer.hpp>
#include <ttt/layer/short_conv.hpp>
#include <ttt/memory/inner_learner.hpp>

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

namespace ttt {

/// How a TttLayer computes queries and keys, and what it does with the answers.
enum class Backbone {
  transformer,  ///< queries and keys each by a matrix of their own; the answers as they are
  mamba,        ///< one matrix and a convolution each; the answers behind a gate
};

/// A layer whose state is an inner model that learns, at test time, to answer keys with values.
///
///   rate_th = rate / head sigmoid(x_t w_h + b_h)
///   y       = (gate *) LN(answers) W_o,    gate = gelu(x W_g)
///
/// Queries and keys are turned by their positions in the chunk. Chunks are counted from the
/// beginning of the text.
///
/// \shape  x [time, width] -> [time, width]; time > 0
/// \cost   see InnerLearner
/// \source Sun et al. 2024, "Learning to (Learn at Test Time): RNNs with Expressive Hidden States",
///         arXiv:2407.04620, and its code
template <class Learner = InnerLearner<>>
struct TttLayer {
  static constexpr LayerTraits traits{};  ///< its weights learn without a loss of the model
  using Extras = NoExtras;                ///< none

  Learner learner{};                          ///< answers
  double rate = 1;                            ///< of the inner steps, before the learned factor
  Backbone backbone = Backbone::transformer;  ///< what is around the learner
  Index taps = 4;                             ///< of the convolutions
  Index chunk = 16;                           ///< tokens of a step; 0 for the spec's
  Index heads = 0;                            ///< 0 for the spec's
  Index head = 0;                             ///< features of a head; 0 for the spec's
  Rotary rotary{.base = 0};                   ///< positions; base 0 for the spec's, with its pairs
  PartNames names{"seq_norm", "seq_modeling_block", "seq_post_norm"};  ///< in files

  /// The projections, the inner model at the start of a text, and how it learns.
  template <class A>
  struct Params {
    A wq;                         ///< [width, heads * head], to queries, or to queries and keys
    A wk;                         ///< [width, heads * head], to keys, or without rows
    A wv;                         ///< [width, heads * head], to values
    A wo;                         ///< [heads * head, width], from answers
    A wg;                         ///< [width, heads * head], to the gate, or without rows
    ShortConv::Params<A> conv_q;  ///< of queries, or without rows
    ShortConv::Params<A> conv_k;  ///< of keys, or without rows
    A rate_weight;                ///< [width, heads], of the rates
    A rate_bias;                  ///< [1, heads]
    typename Learner::template Params<A> learner;  ///< the inner model and its steps
    InnerNorm<A> post_norm;                        ///< of the answers

    /// Calls on(name, member...) for each member of trees of one form.
    static constexpr void visit(auto&& on, auto&... trees) {
      on("wq.weight", trees.wq...);
      on("wk.weight", trees.wk...);
      on("wv.weight", trees.wv...);
      on("wo.weight", trees.wo...);
      on("wg.weight", trees.wg...);
      on("conv_q", trees.conv_q...);
      on("conv_k", trees.conv_k...);
      on("rate.weight", trees.rate_weight...);
      on("rate.bias", trees.rate_bias...);
      on("learner", trees.learner...);
      on("post_norm", trees.post_norm...);
    }
  };

  /// The inner model, and the tokens that the convolutions still see.
  template <class A>
  struct State {
    InnerMaps<A, Learner::maps> model;  ///< without rows before the text
    A past;                             ///< [at most taps - 1, heads * head]

    /// Calls on(name, member...) for each member of trees of one form.
    static constexpr void visit(auto&& on, auto&... trees) {
      on("model", trees.model...);
      on("past", trees.past...);
    }
  };

  /// The layer with every setting its own, none left to the spec.
  ///
  /// \throws SpecError, a compile error in a constant, that names the first rule that is broken.
  [[nodiscard]] constexpr TttLayer settled(const ModelSpec& spec) const {
    TttLayer own = *this;
    if (chunk == 0) own.chunk = spec.chunk;
    if (heads == 0) own.heads = spec.heads;
    if (head == 0) own.head = head_of(spec);
    if (rotary.base == 0) own.rotary = spec.rotary;
    require_rule(own.chunk > 0, "chunk must not be negative");
    require_rule(own.heads > 0, "heads must not be negative");
    require_rule(own.head > 0, "head must not be negative");
    require_rule(own.head % 2 == 0, "head must be even, for rotary positions");
    require_rule(own.taps > 0, "taps must be positive");
    return own;
  }

  /// \throws SpecError if a setting breaks a rule.
  [[nodiscard]] constexpr Params<TensorSpec> tensors(const ModelSpec& spec) const {
    const TttLayer own = settled(spec);
    const Index inner = own.heads * own.head;
    const bool mamba = backbone == Backbone::mamba;
    const TensorSpec to = matrix_spec(spec.init, spec.width, inner);
    const auto conv =
        mamba ? ShortConv{.taps = own.taps}.tensors(inner) : ShortConv::Params<TensorSpec>{};
    return {.wq = to,
            .wk = mamba ? TensorSpec{} : to,
            .wv = to,
            .wo = matrix_spec(spec.init, inner, spec.width),
            .wg = mamba ? to : TensorSpec{},
            .conv_q = conv,
            .conv_k = conv,
            .rate_weight = matrix_spec(spec.init, spec.width, own.heads),
            .rate_bias = {1, own.heads, init::zeros},
            .learner = learner.tensors(spec.init, own.heads, own.head, own.chunk),
            .post_norm = {{1, inner, init::ones}, {1, inner, init::zeros}}};
  }

  /// Throws ShapeError unless `state` can be that of `position`.
  template <class M>
  void validate(const State<M>& state, Index position, const ModelSpec& spec) const {
    const TttLayer own = settled(spec);
    learner.validate(state.model, position, own.heads, own.head, own.chunk);
    const ShortConv conv{.taps = backbone == Backbone::mamba ? own.taps : 1};
    conv.validate("TttLayer", "past", state.past, position, own.heads * own.head);
  }

  /// Reads the rows of x; see Layer.
  template <class P, class X, class C>
  [[nodiscard]] X read(const Params<P>& params, State<X>& state, const X& x,
                       const C& context) const {
    const TttLayer own = settled(context.spec);
    const Projections<X> all = own.project(params, state, x, context);
    std::vector<X> answers;
    for (Index at = 0; at < row_count(x);) {
      const Index first = (context.position + at) % own.chunk;
      const Index count = std::min(row_count(x) - at, own.chunk - first);
      const auto part = [&](const X& rows) { return take_rows(rows, at, count); };
      answers.push_back(learner.read(
          params.learner, state.model,
          Rows<X>{part(all.q), part(all.k), part(all.v), part(all.rates), first, own.chunk},
          own.heads));
      at += count;
    }
    X y = layer_norm(append_all(std::move(answers)), params.post_norm.weight, params.post_norm.bias,
                     1e-6);
    if (backbone == Backbone::mamba) y = multiply_elements(gelu(matmul(x, params.wg)), y);
    return matmul(y, params.wo);
  }

 private:
  template <class X>
  using Rows = typename Learner::template Rows<X>;

  /// The rows of a read, which may be of several chunks.
  template <class X>
  struct Projections {
    X q;      ///< [time, heads * head], queries
    X k;      ///< [time, heads * head], keys
    X v;      ///< [time, heads * head], values
    X rates;  ///< [time, heads], of the steps
  };

  template <class P, class X, class C>
  [[nodiscard]] Projections<X> project(const Params<P>& params, State<X>& state, const X& x,
                                       const C& context) const {
    std::vector<Index> positions;
    positions.reserve(static_cast<std::size_t>(row_count(x)));
    for (Index t = 0; t < row_count(x); ++t) positions.push_back((context.position + t) % chunk);
    const auto turned = [&](const X& rows) {
      return rotate(rows, context.rotary, head, rotary, std::span<const Index>(positions));
    };
    X q = matmul(x, params.wq);
    X k;
    if (backbone == Backbone::mamba) {
      const X both = q;
      X past = state.past;  // queries and keys see the same inputs
      q = ShortConv::read(params.conv_q, state.past, both);
      k = ShortConv::read(params.conv_k, past, both);
    } else {
      k = matmul(x, params.wk);
    }
    const X gate = sigmoid(add_row(matmul(x, params.rate_weight), params.rate_bias));
    return {turned(q), turned(k), matmul(x, params.wv),
            times(gate, rate / static_cast<double>(head))};
  }
};

static_assert(Layer<TttLayer<>>);
static_assert(Layer<TttLayer<InnerLearner<inner_model::Mlp>>>);

}  // namespace ttt
