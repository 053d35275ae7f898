// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/cpu/matrix.hpp>
#include <ttt/error.hpp>
#include <ttt/layer/block.hpp>
#include <ttt/model/initialise.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <tuple>
#include <utility>

namespace ttt {

/// A language model: an embedding, blocks, a norm and a head, every shape fixed by `Spec`.
///
///   h = E[tokens];  for each block: h = block(h);  logits = norm(h) E^T
///
/// The blocks before the first that has something to do between chunks are the prefix, the others
/// the suffix: only the suffix is read again when the fast weights change. What crosses the border
/// is a tree: the rows, and the side output of the model if its layers have one.
///
/// The model has no state of its own: parameters, memories and fast weights belong to the caller.
template <ModelSpec Spec, class... Stages>
struct LanguageModel {
  /// The shapes that layers share.
  static constexpr ModelSpec spec = checked(Spec);
  /// The number of blocks.
  static constexpr std::size_t depth = (std::size_t{0} + ... + Stages::count);
  /// What holds of a layer of the model.
  static constexpr LayerTraits traits = (LayerTraits{} | ... | Stages::Block::traits);
  /// Run-time options of the layers.
  using Options = typename detail::CombinedExtras<typename Stages::Block...>::Options;
  /// The side output that layers read.
  using Side = typename detail::CombinedExtras<typename Stages::Block...>::Side;
  /// What the layers need in a read.
  template <class X>
  using ContextOf = Context<X, Side, Options, checked(Spec).norm>;

  /// Every tensor of the model.
  template <class A>
  struct Params {
    A embedding;                             ///< [vocab, width]
    typename Side::template Params<A> side;  ///< of the side output
    /// The blocks, in the order of reading.
    std::tuple<std::array<typename Stages::Block::template Params<A>, Stages::count>...> stages;
    Norm::Params<A> norm;  ///< before the head
    A head;                ///< [width, vocab], or without rows when tied

    /// Calls on(name, member...) for each member of trees of one form.
    static constexpr void visit(auto&& on, auto&... trees) {
      on("model.wte.weight", trees.embedding...);
      on("model", trees.side...);
      visit_blocks(on, trees.stages...);
      on("model.ln_f", trees.norm...);
      on("lm_head.weight", trees.head...);
    }
  };

  /// The states of the blocks, which are empty before a text.
  template <class A>
  struct State {
    /// The blocks, in the order of reading.
    std::tuple<std::array<typename Stages::Block::template State<A>, Stages::count>...> stages;

    /// Calls on(name, member...) for each member of trees of one form.
    static constexpr void visit(auto&& on, auto&... trees) { visit_blocks(on, trees.stages...); }
  };

  /// What crosses from the prefix to the suffix: a row for each token.
  template <class A>
  struct Border {
    A rows;                                ///< [time, width]
    typename Side::template Rows<A> side;  ///< the side output

    /// Calls on(name, member...) for each member of trees of one form.
    static constexpr void visit(auto&& on, auto&... trees) {
      on("rows", trees.rows...);
      on("side", trees.side...);
    }
  };

  /// What each tensor is before it has numbers.
  [[nodiscard]] static constexpr Params<TensorSpec> tensors() {
    Params<TensorSpec> all{.embedding = matrix_spec(spec.init, spec.vocab, spec.width),
                           .side = Side::tensors(spec),
                           .stages = {},
                           .norm = Norm::tensors(spec),
                           .head = {}};
    if (spec.output == Head::separate) all.head = matrix_spec(spec.init, spec.width, spec.vocab);
    for_each_stage(
        [&]<std::size_t I>() { std::get<I>(all.stages).fill(Stage<I>::Block::tensors(spec)); });
    return all;
  }

  /// Numbers in all tensors together.
  [[nodiscard]] static constexpr Index parameters() { return count_elements(tensors()); }

  /// Parameters as training starts with them.
  template <Storage M = Matrix<float>>
  [[nodiscard]] static Params<M> initial(std::uint64_t seed) {
    return initialise<M>(tensors(), seed);
  }

  /// The first block of the suffix, if the arrays called fast learn: `depth` if there is none.
  ///
  /// \throws RangeError if what is read before the suffix would learn: the embedding, what the side
  ///         output is computed with, or a block before the first that can learn. It is read once,
  ///         so a step on it would come too late.
  template <class IsFast>
  [[nodiscard]] static std::size_t border(const IsFast& is_fast) {
    std::size_t number = 0;
    std::size_t first = depth;
    const auto shapes = tensors();
    const auto expect_slow = [&](const Leaf& leaf) {
      if (!is_fast(leaf)) return;
      throw RangeError("LanguageModel: " + leaf.name + " cannot be a fast weight");
    };
    expect_slow({"model.wte.weight"});
    for (const auto& [leaf, tensor] : parts_of(shapes.side).arrays) {
      expect_slow({"model." + leaf.name});
    }
    for_each_stage([&]<std::size_t I>() {
      for (const auto& block : std::get<I>(shapes.stages)) {
        bool between = Stage<I>::Block::traits.chunks || Stage<I>::Block::traits.surprisal;
        const std::string prefix = block_prefix(number);
        for (const auto& [leaf, tensor] : parts_of(block).arrays) {
          between = between || (tensor->rows > 0 && is_fast(Leaf{prefix + leaf.name, leaf.fast}));
        }
        if (between && number < first) first = number;
        ++number;
      }
    });
    if constexpr (first_learner() > 0) {
      if (first < first_learner()) {
        throw RangeError("LanguageModel: block " + std::to_string(first) +
                         " cannot learn: the side output is computed behind it");
      }
    }
    return first;
  }

  /// The first block that can learn. Where layers read a side output, it is computed of the rows
  /// that enter the first of them, and what stands before that cannot.
  [[nodiscard]] static constexpr std::size_t first_learner() {
    if constexpr (std::same_as<Side, NoSide>) return 0;
    std::size_t number = 0;
    std::size_t first = depth;
    for_each_stage([&]<std::size_t I>() {
      constexpr LayerTraits own = Stage<I>::Block::traits;
      if (first == depth && (own.chunks || own.surprisal)) first = number;
      number += Stage<I>::count;
    });
    return first;
  }

  /// What the names of a block's tensors begin with: "model.h.blocks.3.".
  [[nodiscard]] static std::string block_prefix(std::size_t number) {
    return std::string(block_name(number).view()) + '.';
  }

  /// Throws ShapeError or RangeError unless `state` can be that of `position`.
  template <class M>
  static void validate(const State<M>& state, Index position) {
    for_each_stage([&]<std::size_t I>() {
      for (const auto& block : std::get<I>(state.stages)) {
        Stage<I>::Block::validate(block, position, spec);
      }
    });
  }

  /// Tells the layers that want it the surprisal of the tokens that were read last, in nats.
  template <class A>
  static void observe(State<A>& state, std::span<const double> surprisal) {
    for_each_stage([&]<std::size_t I>() {
      if constexpr (Stage<I>::Block::traits.surprisal) {
        for (auto& block : std::get<I>(state.stages)) {
          Stage<I>::Block::observe(block, surprisal, spec);
        }
      }
    });
  }

  /// \shape  tokens [time] -> [time, width]
  /// \throws RangeError if a token is outside the vocabulary.
  template <class P>
  [[nodiscard]] static auto embed(const Params<P>& params, std::span<const Token> tokens) {
    return ttt::embed(params.embedding, tokens);
  }

  /// The blocks before block `until`, and the side output behind them.
  ///
  /// \shape  h [time, width] -> a row for each of h
  template <class P, class X>
  [[nodiscard]] static Border<X> prefix(const Params<P>& params, State<X>& state, X h,
                                        const ContextOf<X>& context, std::size_t until) {
    X rows = read(params, state, std::move(h), context, 0, until);
    auto side = Side::read(params.side, rows, context);
    return {std::move(rows), std::move(side)};
  }

  /// The blocks from block `first` on.
  ///
  /// \shape  h [time, width] -> [time, width]; the side output is in `context`
  template <class P, class X>
  [[nodiscard]] static X suffix(const Params<P>& params, State<X>& state, X h,
                                const ContextOf<X>& context, std::size_t first) {
    return read(params, state, std::move(h), context, first, depth);
  }

  /// What a model makes of tokens and of those behind them.
  template <class X>
  struct Scored {
    X logits;  ///< [time, vocab], behind each token; of a large vocabulary [1, vocab], of the last
    X surprisal;  ///< [time, 1], of the targets, in nats
  };

  /// Reads the suffix of what crossed the border, and scores the targets.
  ///
  /// \shape  border of [time], targets [time]
  template <class P, class X>
  [[nodiscard]] static Scored<X> score(const Params<P>& params, State<X>& state, Border<X> border,
                                       ContextOf<X> context, std::size_t first,
                                       std::span<const Token> targets) {
    context.side = std::move(border.side);
    const X rows = suffix(params, state, std::move(border.rows), context, first);
    if constexpr (spec.vocab > large_vocab) {
      const X normed = Norm::read<spec.norm>(params.norm, rows, spec);
      X surprisal = spec.output == Head::tied
                        ? head_surprisal(normed, params.embedding, targets, Flip::right)
                        : head_surprisal(normed, params.head, targets, Flip::none);
      return {logits(params, take_rows(rows, row_count(rows) - 1, 1)), std::move(surprisal)};
    } else {
      X all = logits(params, rows);
      X surprisal = cross_entropy(all, targets);
      return {std::move(all), std::move(surprisal)};
    }
  }

  /// \shape  h [time, width] -> [time, vocab]
  template <class P, class X>
  [[nodiscard]] static X logits(const Params<P>& params, const X& h) {
    const X normed = Norm::read<spec.norm>(params.norm, h, spec);
    return spec.output == Head::tied ? matmul_transposed(normed, params.embedding)
                                     : matmul(normed, params.head);
  }

 private:
  /// Words from which on a chunk's logits are not stored: they would be more than its activations.
  static constexpr Index large_vocab = 8192;

  template <std::size_t I>
  using Stage = std::tuple_element_t<I, std::tuple<Stages...>>;

  template <class Visit>
  static constexpr void for_each_stage(Visit&& visit) {
    [&]<std::size_t... I>(std::index_sequence<I...>) { (visit.template operator()<I>(), ...); }
    (std::index_sequence_for<Stages...>());
  }

  static constexpr NumberedName block_name(std::size_t number) {
    return {"model.h.blocks.", number};
  }

  static constexpr void visit_blocks(auto&& on, auto&... stages) {
    std::size_t number = 0;
    for_each_stage([&]<std::size_t I>() {
      for (std::size_t i = 0; i < Stage<I>::count; ++i, ++number) {
        on(block_name(number).view(), std::get<I>(stages)[i]...);
      }
    });
  }

  template <class P, class X>
  [[nodiscard]] static X read(const Params<P>& params, State<X>& state, X h,
                              const ContextOf<X>& context, std::size_t first, std::size_t last) {
    std::size_t number = 0;
    for_each_stage([&]<std::size_t I>() {
      for (std::size_t i = 0; i < Stage<I>::count; ++i, ++number) {
        if (number < first || number >= last) continue;
        h = Stage<I>::Block::read(std::get<I>(params.stages)[i], std::get<I>(state.stages)[i],
                                  std::move(h), context);
      }
    });
    return h;
  }
};

}  // namespace ttt

#ifdef TTT_COMPILED
#include <ttt/compiled.hpp>
#endif
