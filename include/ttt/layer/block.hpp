// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/layer/layer.hpp>
#include <ttt/layer/norm.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <tuple>
#include <utility>

namespace ttt {

namespace detail {

template <class... Parts>
constexpr bool names_differ() {
  const std::array<Name, sizeof...(Parts)> names{Parts{}.names.part...};
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
/// Without post-norms (Norms::before), h = h + part(norm(h)). Two parts of one kind need names of
/// their own: With<Attend<Window>{.names = {"global_norm", "global", "global_post_norm"}}>.
template <class... Parts>
struct Block {
  static_assert((... && detail::expect_layer<Parts>()), "a Block is made of Layers");
  static constexpr LayerTraits traits = (LayerTraits{} | ... | Parts::traits);  ///< of all parts
  using Extras = detail::CombinedExtras<Parts...>;                              ///< of all parts
  static_assert(detail::names_differ<Parts...>(),
                "two parts of a block have the same name: give one a name of its own by With");

  /// A part with the norms around it.
  template <class L, class A>
  struct Normed {
    Norm::Params<A> norm;                 ///< before the part
    typename L::template Params<A> part;  ///< the part's own
    Norm::Params<A> post_norm;            ///< behind the part, or without rows
  };

  /// The parameters of the parts, each with its norms.
  template <class A>
  struct Params {
    std::tuple<Normed<Parts, A>...> parts;  ///< in the order of reading

    /// Calls on(name, member...) for each member of trees of one form.
    static constexpr void visit(auto&& on, auto&... trees) {
      for_each_part([&]<std::size_t I>() {
        constexpr PartNames names = part<I>.names;
        on(names.norm.view(), std::get<I>(trees.parts).norm...);
        on(names.part.view(), std::get<I>(trees.parts).part...);
        on(names.post_norm.view(), std::get<I>(trees.parts).post_norm...);
      });
    }
  };

  /// The states of the parts.
  template <class A>
  struct State {
    std::tuple<typename Parts::template State<A>...> parts;  ///< in the order of reading

    /// Calls on(name, member...) for each member of trees of one form.
    static constexpr void visit(auto&& on, auto&... trees) {
      for_each_part(
          [&]<std::size_t I>() { on(part<I>.names.part.view(), std::get<I>(trees.parts)...); });
    }
  };

  /// What the parameters are.
  [[nodiscard]] static constexpr Params<TensorSpec> tensors(const ModelSpec& spec) {
    const auto norm = Norm::tensors(spec);
    const auto post = spec.norms == Norms::around ? norm : Norm::Params<TensorSpec>{};
    return {{Normed<Parts, TensorSpec>{norm, Parts{}.tensors(spec), post}...}};
  }

  /// Throws ShapeError or RangeError unless `state` can be that of `position`.
  template <class M>
  static void validate(const State<M>& state, Index position, const ModelSpec& spec) {
    for_each_part(
        [&]<std::size_t I>() { part<I>.validate(std::get<I>(state.parts), position, spec); });
  }

  /// Tells the parts that want it the surprisal of the tokens that were read last, in nats.
  template <class A>
  static void observe(State<A>& state, std::span<const double> surprisal, const ModelSpec& spec) {
    for_each_part([&]<std::size_t I>() {
      if constexpr (Part<I>::traits.surprisal) {
        part<I>.observe(std::get<I>(state.parts), surprisal, spec);
      }
    });
  }

  /// \shape  h [time, width] -> [time, width]
  template <class P, class X, class C>
  [[nodiscard]] static X read(const Params<P>& params, State<X>& state, X h, const C& context) {
    for_each_part([&]<std::size_t I>() {
      const auto& [norm, own, post_norm] = std::get<I>(params.parts);
      constexpr NormKind kind = C::norm;
      X added = part<I>.read(own, std::get<I>(state.parts), Norm::read<kind>(norm, h, context.spec),
                             context);
      if (context.spec.norms == Norms::around) {
        added = Norm::read<kind>(post_norm, added, context.spec);
      }
      h = add(h, added);
    });
    return h;
  }

 private:
  template <std::size_t I>
  using Part = std::tuple_element_t<I, std::tuple<Parts...>>;
  template <std::size_t I>
  static constexpr Part<I> part{};

  template <class Visit>
  static constexpr void for_each_part(Visit&& visit) {
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
