// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/context.hpp>

#include <concepts>
#include <span>
#include <type_traits>

namespace ttt {

namespace detail {

template <class L, class X>
concept LayerReads = requires(const L& layer, const typename L::template Params<X>& params,
                              typename L::template State<X>& state, const X& x,
                              const ContextOf<L, X>& context) {
  { layer.read(params, state, x, context) } -> std::same_as<X>;
};

template <class L>
concept LayerObserves =
    !L::traits.surprisal || requires(const L& layer, typename L::template State<Archetype>& state,
                                     std::span<const double> surprisal, const ModelSpec& spec) {
  layer.observe(state, surprisal, spec);
};

}  // namespace detail

/// A part of a block: rows in, rows out, of the residual stream's width. Written once, for every
/// algebra: matrices give values, variables on a tape give gradients, duals their derivatives.
///
/// A layer is a value: its own settings, of which 0 stands for the spec's. It has
///
///   static constexpr LayerTraits traits    what a model has to know of it
///   using Extras                           its run-time options and side outputs, or NoExtras
///   PartNames names                        of its tensors in files
///   Params<A>, State<A>                    trees
///   Params<TensorSpec> tensors(spec)       what its parameters are
///   void validate(state, position, spec)   throws unless `state` can be that of `position`
///   X read(params, state, x, context)      reads the rows of x, which follow the tokens that
///                                          `state` has seen, and updates `state`
///
/// \law causal     row t of the result depends on the state and on rows 0..t of x, bit for bit
/// \law streaming  cutting x into reads changes no result beyond rounding
template <class L>
concept Layer = std::semiregular<L> &&
    requires(const L& layer, const ModelSpec& spec,
             const typename L::template State<detail::Archetype>& state, Index position) {
  requires Tree<typename L::template Params<detail::Archetype>>;
  requires Tree<typename L::template State<detail::Archetype>>;
  { L::traits } -> std::convertible_to<LayerTraits>;
  typename L::Extras::Options;
  { layer.names } -> std::convertible_to<PartNames>;
  { layer.tensors(spec) } -> std::same_as<typename L::template Params<TensorSpec>>;
  layer.validate(state, position, spec);
} && detail::LayerReads<L, detail::Archetype> && detail::LayerObserves<L>;

namespace detail {

/// Whether L is a layer; if not, says which member it lacks.
template <class L>
constexpr bool expect_layer() {
  if constexpr (Layer<L>) {
    return true;
  } else {
    using A = Archetype;
    static_assert(std::semiregular<L>, "a Layer must be a value: it is made, copied and assigned");
    static_assert(
        requires {
          { L::traits } -> std::convertible_to<LayerTraits>;
        },
        "a Layer must have `static constexpr LayerTraits traits`");
    static_assert(
        requires {
          typename L::Extras::Options;
          typename L::Extras::Side;
        },
        "a Layer must have `using Extras`, NoExtras if it takes nothing from outside");
    static_assert(
        requires(const L& layer) {
          { layer.names } -> std::convertible_to<PartNames>;
        },
        "a Layer must have `PartNames names`");
    static_assert(
        requires { requires Tree<typename L::template Params<A>>; },
        "a Layer must have a tree `Params<A>`");
    static_assert(
        requires { requires Tree<typename L::template State<A>>; },
        "a Layer must have a tree `State<A>`, Stateless<A> if it has no state");
    static_assert(
        requires(const L& layer, const ModelSpec& spec) { layer.tensors(spec); },
        "a Layer must have `Params<TensorSpec> tensors(spec) const`");
    static_assert(
        requires(const L& layer, const typename L::template State<A>& state, Index position,
                 const ModelSpec& spec) { layer.validate(state, position, spec); },
        "a Layer must have `validate(state, position, spec) const`");
    static_assert(LayerReads<L, A>, "a Layer must have `X read(params, state, x, context) const`");
    static_assert(
        LayerObserves<L>,
        "a Layer whose traits say `surprisal` must have `observe(state, surprisal, spec)`");
    return false;
  }
}

}  // namespace detail

/// A layer or a policy with settings of its own, as a type:
///
///   Block<Attend<With<Window{.length = 64}>>, With<SwiGlu{.hidden = 512}>>
template <auto Value>
struct With : std::remove_cvref_t<decltype(Value)> {
  constexpr With() : std::remove_cvref_t<decltype(Value)>(Value) {}
};

}  // namespace ttt
