// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/layer/layer.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace ttt {

namespace detail {

template <class... Parts>
constexpr bool names_differ() {
  const std::array<std::string_view, sizeof...(Parts)> names{Parts::names.part...};
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (names[i] == names[j]) return false;
    }
  }
  return true;
}

}  // namespace detail

/// Parts that each add to the residual stream, one after another.
///
///   for each part:  h = h + post_norm(part(norm(h)))
///
/// Without post-norms (Norms::before), h = h + part(norm(h)).
template <Layer... Parts>
struct Block {
  /// Whether a part has fast weights.
  static constexpr bool learns = (... || detail::learns<Parts>);
  /// Whether a part's reads must keep to chunks.
  static constexpr bool reads_chunks = (... || detail::reads_chunks<Parts>);
  /// Whether a part wants keep scores.
  static constexpr bool scored = (... || detail::scored<Parts>);
  static_assert(detail::names_differ<Parts...>(), "two parts of a block have the same name");

  /// A part with the norms around it.
  template <class L, class A>
  struct Normed {
    A norm;                               ///< [1, width]
    typename L::template Params<A> part;  ///< the part's own
    A post_norm;                          ///< [1, width], or without rows
  };

  /// The parameters of the parts, each with its norms.
  template <class A>
  struct Params {
    std::tuple<Normed<Parts, A>...> parts;  ///< in the order of reading

    static void visit(auto&& on, auto&... trees) {
      for_each_part([&]<std::size_t I>() {
        constexpr PartNames names = Part<I>::names;
        on(std::string(names.norm) + ".weight", std::get<I>(trees.parts).norm...);
        on(names.part, std::get<I>(trees.parts).part...);
        on(std::string(names.post_norm) + ".weight", std::get<I>(trees.parts).post_norm...);
      });
    }
  };

  /// What the parts remember.
  template <class A>
  struct State {
    std::tuple<typename Parts::template State<A>...> parts;  ///< in the order of reading

    static void visit(auto&& on, auto&... trees) {
      for_each_part([&]<std::size_t I>() { on(Part<I>::names.part, std::get<I>(trees.parts)...); });
    }
  };

  /// Rows of the rotary table that a read of at most a chunk needs.
  static constexpr Index positions(const ModelSpec& spec) {
    return std::max({Index{0}, detail::positions_of<Parts>(spec)...});
  }

  template <ModelSpec Spec>
  [[nodiscard]] static Params<TensorSpec> tensors() {
    constexpr TensorSpec norm{1, Spec.width, Start::ones};
    constexpr TensorSpec post = Spec.norms == Norms::around ? norm : TensorSpec{};
    return {{Normed<Parts, TensorSpec>{norm, Parts::template tensors<Spec>(), post}...}};
  }

  /// Throws ShapeError or RangeError unless `state` can be what the parts remember at `position`;
  /// a part that does not say what can be is believed.
  template <ModelSpec Spec, class M>
  static void expect(const State<M>& state, Index position) {
    for_each_part([&]<std::size_t I>() {
      detail::expect_state_of<Part<I>, Spec>(std::get<I>(state.parts), position);
    });
  }

  /// \shape  h [time, width] -> [time, width]
  template <ModelSpec Spec, class P, class X>
  [[nodiscard]] static X read(const Params<P>& params, State<X>& state, X h, const Pass<X>& pass) {
    for_each_part([&]<std::size_t I>() {
      const auto& [norm, part, post_norm] = std::get<I>(params.parts);
      X added =
          Part<I>::template read<Spec>(part, std::get<I>(state.parts), rms_norm(h, norm), pass);
      if constexpr (Spec.norms == Norms::around) added = rms_norm(added, post_norm);
      h = add(h, added);
    });
    return h;
  }

 private:
  template <std::size_t I>
  using Part = std::tuple_element_t<I, std::tuple<Parts...>>;

  template <class Visit>
  static void for_each_part(Visit&& visit) {
    [&]<std::size_t... I>(std::index_sequence<I...>) { (visit.template operator()<I>(), ...); }
    (std::index_sequence_for<Parts...>());
  }
};

/// The same kind of block `Count` times, each with parameters of its own.
template <std::size_t Count, class B>
struct Repeat {
  static constexpr std::size_t count = Count;  ///< blocks
  using Block = B;                             ///< their kind
};

}  // namespace ttt
