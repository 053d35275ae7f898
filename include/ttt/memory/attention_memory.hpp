// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/context.hpp>

#include <concepts>
#include <type_traits>

namespace ttt {

/// The shape of an attention layer, with nothing left to the spec.
struct AttentionShape {
  AttentionHeads heads;  ///< of queries, and of keys and values
  Index head;            ///< features of a head
  Rotary rotary;         ///< positions

  /// Features of the keys of a token, and of its values.
  [[nodiscard]] constexpr Index kv_width() const { return heads.kv_heads * head; }
};

/// The queries, keys and values of the tokens of a read, un-rotated.
template <class X>
struct AttentionRows {
  const X& q;  ///< [time, heads * head]
  const X& k;  ///< [time, kv_heads * head]
  const X& v;  ///< [time, kv_heads * head]
};

namespace detail {

template <class M, class X>
concept MemoryAttends = requires(const M& memory, typename M::template State<X>& state,
                                 const AttentionRows<X>& rows, const X& gate,
                                 const AttentionShape& shape, const ContextOf<M, X>& context) {
  { memory.attend(state, rows, gate, shape, context) } -> std::same_as<X>;
};

}  // namespace detail

/// A memory that attention reads: it stores keys and values of tokens and answers queries.
///
/// A memory is a value, its own settings, of which 0 stands for the spec's. It has
///
///   static constexpr LayerTraits traits     what a model has to know of the layer
///   static constexpr bool gated             whether it wants a gate, which the layer learns
///   using Extras                            as of a layer
///   State<A>                                a tree
///   void validate(state, position, shape, spec)   throws unless `state` can be that of `position`
///   X attend(state, rows, gate, shape, context)   stores the rows' keys and values, and answers
///
/// \law causal, streaming  as of a layer
template <class M>
concept AttentionMemory = std::semiregular<M> &&
    requires(const M& memory, const typename M::template State<detail::Archetype>& state,
             const AttentionShape& shape, const ModelSpec& spec, Index position) {
  requires Tree<typename M::template State<detail::Archetype>>;
  { M::traits } -> std::convertible_to<LayerTraits>;
  { M::gated } -> std::convertible_to<bool>;
  memory.validate(state, position, shape, spec);
} && detail::MemoryAttends<M, detail::Archetype>;

/// The one memory that several form; a memory specialises it for what it combines with.
template <class... Memories>
struct CombinedMemory {
  static_assert(sizeof...(Memories) == 0 && sizeof...(Memories) != 0,
                "Attend takes a memory: Window, Whole, or Window and a Cache");
};
/// One memory by itself.
template <AttentionMemory Memory>
struct CombinedMemory<Memory> : std::type_identity<Memory> {};

}  // namespace ttt
