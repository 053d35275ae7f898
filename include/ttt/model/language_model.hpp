// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/layer/block.hpp>
#include <ttt/random.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <tuple>
#include <utility>

namespace ttt {

/// A language model: an embedding, blocks, a norm and a head, every shape fixed by `Spec`.
///
///   h = E[tokens];  for each block: h = block(h);  logits = norm(h) E^T
///
/// The blocks before the first that learns or caches are the prefix, the others the suffix: only
/// the suffix is read again when the fast weights change. A model whose caches want it gives each
/// token a keep score, from what enters the suffix:
///
///   keep = norm(h) w
///
/// The model has no state of its own: parameters, memories and fast weights belong to the caller.
template <ModelSpec Spec, class... Stages>
struct LanguageModel {
  /// Every shape.
  static constexpr ModelSpec spec = checked(Spec);
  /// The number of blocks.
  static constexpr std::size_t depth = (std::size_t{0} + ... + Stages::count);
  /// Whether a block has fast weights.
  static constexpr bool learns = (... || Stages::Block::learns);
  /// Whether the suffix must be read chunk by chunk although it does not learn.
  static constexpr bool reads_chunks = (... || Stages::Block::reads_chunks);
  /// Whether the model gives each token a keep score.
  static constexpr bool scored = (... || Stages::Block::scored);
  /// Rows of the rotary table that a read of at most a chunk needs.
  static constexpr Index positions =
      std::max({Index{1}, Stages::Block::positions(checked(Spec))...});

  /// Every tensor of the model.
  template <class A>
  struct Params {
    A embedding;  ///< [vocab, width]
    A keep_norm;  ///< [1, width], or without rows if tokens have no keep score
    A keep;       ///< [width, 1], likewise
    /// The blocks, in the order of reading.
    std::tuple<std::array<typename Stages::Block::template Params<A>, Stages::count>...> stages;
    A norm;  ///< [1, width]
    A head;  ///< [width, vocab], or without rows when tied

    static void visit(auto&& on, auto&... trees) {
      on("model.wte.weight", trees.embedding...);
      on("model.keep_norm.weight", trees.keep_norm...);
      on("model.keep.weight", trees.keep...);
      visit_blocks(on, trees.stages...);
      on("model.ln_f.weight", trees.norm...);
      on("lm_head.weight", trees.head...);
    }
  };

  /// What the blocks remember of a text, which is nothing to begin with.
  template <class A>
  struct State {
    /// The blocks, in the order of reading.
    std::tuple<std::array<typename Stages::Block::template State<A>, Stages::count>...> stages;

    static void visit(auto&& on, auto&... trees) { visit_blocks(on, trees.stages...); }
  };

  /// What each tensor is before it has numbers.
  [[nodiscard]] static Params<TensorSpec> tensors() {
    Params<TensorSpec> all{.embedding = {spec.vocab, spec.width},
                           .keep_norm = {},
                           .keep = {},
                           .stages = {},
                           .norm = {1, spec.width, Start::ones},
                           .head = {}};
    if constexpr (spec.head == Head::separate) all.head = {spec.width, spec.vocab};
    if constexpr (scored) {
      all.keep_norm = {1, spec.width, Start::ones};
      all.keep = {spec.width, 1};
    }
    for_each_stage<0, sizeof...(Stages)>([&]<std::size_t I>() {
      using Block = typename Stage<I>::Block;
      std::get<I>(all.stages).fill(Block::template tensors<spec>());
    });
    return all;
  }

  /// Parameters as training starts with them.
  template <std::floating_point S>
  [[nodiscard]] static Params<Matrix<S>> initial(std::uint64_t seed) {
    Random random(seed);
    return map_tree<Matrix<S>>(
        [&](const Leaf&, const TensorSpec& tensor) { return started<S>(tensor, random); },
        tensors());
  }

  /// The rotary table for runs of up to `keys` keys.
  template <std::floating_point S>
  [[nodiscard]] static RotaryTable<S> rotary(Index keys) {
    return {keys, spec.width / spec.heads, static_cast<double>(spec.rotary_base), spec.rotary};
  }

  /// Throws ShapeError or RangeError unless `state` can be what the blocks remember at `position`.
  template <class M>
  static void expect(const State<M>& state, Index position) {
    for_each_stage<0, sizeof...(Stages)>([&]<std::size_t I>() {
      for (const auto& block : std::get<I>(state.stages)) {
        Stage<I>::Block::template expect<spec>(block, position);
      }
    });
  }

  /// \shape  tokens [time] -> [time, width]
  /// \throws RangeError if a token is outside the vocabulary.
  template <class P>
  [[nodiscard]] static auto embed(const Params<P>& params, std::span<const Token> tokens) {
    return ttt::embed(params.embedding, tokens);
  }

  /// The blocks that come before the first that learns or caches.
  ///
  /// \shape  h [time, width] -> [time, width]
  template <class P, class X>
  [[nodiscard]] static X prefix(const Params<P>& params, State<X>& state, X h,
                                const Pass<X>& pass) {
    return read<0, prefix_stages>(params, state, std::move(h), pass);
  }

  /// The keep scores of what enters the suffix; without rows if the model gives none.
  ///
  /// \shape  h [time, width] -> [time, 1]
  template <class P, class X>
  [[nodiscard]] static X keep(const Params<P>& params, const X& h) {
    if constexpr (scored) {
      return matmul(rms_norm(h, params.keep_norm), params.keep);
    } else {
      return {};
    }
  }

  /// The blocks from the first that learns or caches on.
  ///
  /// \shape  h [time, width] -> [time, width]
  template <class P, class X>
  [[nodiscard]] static X suffix(const Params<P>& params, State<X>& state, X h,
                                const Pass<X>& pass) {
    return read<prefix_stages, sizeof...(Stages)>(params, state, std::move(h), pass);
  }

  /// \shape  h [time, width] -> [time, vocab]
  template <class P, class X>
  [[nodiscard]] static X logits(const Params<P>& params, const X& h) {
    if constexpr (spec.head == Head::tied) {
      return matmul_transposed(rms_norm(h, params.norm), params.embedding);
    } else {
      return matmul(rms_norm(h, params.norm), params.head);
    }
  }

 private:
  template <std::size_t I>
  using Stage = std::tuple_element_t<I, std::tuple<Stages...>>;

  static constexpr std::size_t prefix_stages = [] {
    const std::array<bool, sizeof...(Stages)> chunked{
        (Stages::Block::learns || Stages::Block::reads_chunks)...};
    return static_cast<std::size_t>(std::ranges::find(chunked, true) - chunked.begin());
  }();

  template <std::size_t First, std::size_t Last, class Visit>
  static void for_each_stage(Visit&& visit) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (visit.template operator()<First + I>(), ...);
    }
    (std::make_index_sequence<Last - First>());
  }

  static void visit_blocks(auto&& on, auto&... stages) {
    std::size_t number = 0;
    for_each_stage<0, sizeof...(Stages)>([&]<std::size_t I>() {
      for (std::size_t i = 0; i < Stage<I>::count; ++i, ++number) {
        on("model.h.blocks." + std::to_string(number), std::get<I>(stages)[i]...);
      }
    });
  }

  template <std::size_t First, std::size_t Last, class P, class X>
  [[nodiscard]] static X read(const Params<P>& params, State<X>& state, X h, const Pass<X>& pass) {
    for_each_stage<First, Last>([&]<std::size_t I>() {
      for (std::size_t i = 0; i < Stage<I>::count; ++i) {
        h = Stage<I>::Block::template read<spec>(std::get<I>(params.stages)[i],
                                                 std::get<I>(state.stages)[i], std::move(h), pass);
      }
    });
    return h;
  }
};

}  // namespace ttt
