// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations.hpp>
#include <ttt/algebra/tree.hpp>
#include <ttt/spec/model_spec.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace ttt {

/// What a model has to know of a layer.
struct LayerTraits {
  bool learns = false;     ///< whether its parameters are fast weights
  bool chunks = false;     ///< whether a read must end with its chunk at the latest
  bool surprisal = false;  ///< whether it has `observe`: it is told the surprisal of what was read

  /// What holds of a layer that has both as parts.
  friend constexpr LayerTraits operator|(LayerTraits a, LayerTraits b) {
    return {a.learns || b.learns, a.chunks || b.chunks, a.surprisal || b.surprisal};
  }
  /// Whether the layer must be read chunk by chunk, with something done between chunks.
  [[nodiscard]] constexpr bool between_chunks() const { return learns || chunks || surprisal; }
};

/// A word of at most 47 characters that can be part of a type.
struct Name {
  char text[48] = {};  ///< the word, then zeros

  /// A literal of at most 47 characters.
  template <std::size_t N>
  // NOLINTNEXTLINE(google-explicit-constructor): a literal is a name
  constexpr Name(const char (&word)[N]) requires(N <= 48) {
    for (std::size_t n = 0; n < N; ++n) text[n] = word[n];
  }
  /// The word.
  [[nodiscard]] constexpr std::string_view view() const { return text; }
  /// Whether all members are equal.
  friend constexpr bool operator==(const Name&, const Name&) = default;
};

/// The names that a block gives to a part and to its norms.
struct PartNames {
  Name norm;       ///< before the part
  Name part;       ///< under which its tensors are
  Name post_norm;  ///< behind the part
};

/// The state of a layer that has none.
template <class A>
struct Stateless {
  /// Calls on(name, member...) for each member of trees of one form.
  static constexpr void visit(auto&& /*on*/, auto&... /*trees*/) {}
};

/// Run-time options of a layer that has none.
struct NoOptions {};

/// The side outputs of a model that has none. A side output is computed once, from the rows that
/// enter the suffix, for the layers that read it.
struct NoSide {
  template <class A>
  using Params = Stateless<A>;  ///< parameters
  template <class A>
  using Rows = Stateless<A>;  ///< what is computed
  /// What the parameters are.
  [[nodiscard]] static constexpr Params<TensorSpec> tensors(const ModelSpec& /*spec*/) {
    return {};
  }
  /// Nothing.
  template <class P, class X, class C>
  [[nodiscard]] static Rows<X> read(const Params<P>& /*params*/, const X& /*h*/,
                                    const C& /*context*/) {
    return {};
  }
};

/// What a layer takes from outside besides rows: nothing.
struct NoExtras {
  using Options = NoOptions;  ///< run-time options, which a session or a gradient hands on
  using Side = NoSide;        ///< a side output of the model
};

/// Terms that layers add to the training loss: of each name the mean of all elements of a text,
/// each times its term's weight.
template <class X>
struct AuxiliaryLosses {
  /// What one layer emitted in one read.
  struct Term {
    std::string name;  ///< terms of one name have one mean
    double weight;     ///< of the mean in the loss
    X rows;            ///< [count, ...]
  };
  std::vector<Term> terms;  ///< in the order of emission
};

namespace detail {

template <class X>
struct RowsStorage : ArrayStorage<X> {};
template <class A>
struct RowsStorage<Var<A>> : ArrayStorage<A> {};

}  // namespace detail

/// What a layer needs in a read besides parameters and state: per-call inputs.
///
/// X is what rows are evaluated in: an array, or a variable on a tape.
template <class X, class Side = NoSide, class Options = NoOptions, NormKind Kind = NormKind::rms>
struct Context {
  static constexpr NormKind norm = Kind;  ///< of the residual stream, as in the spec
  const ModelSpec& spec;                  ///< the shapes that layers share
  RotaryTables<typename detail::RowsStorage<X>::type>& rotary;  ///< of whoever reads
  Index position = 0;                                           ///< tokens of the text before
  const Options& options;                                       ///< of the layers
  typename Side::template Rows<X> side{};                       ///< a row for each row that is read
  AuxiliaryLosses<X>* losses = nullptr;                         ///< null where none are wanted
};

namespace detail {

template <class L, class X>
using ContextOf = Context<X, typename L::Extras::Side, typename L::Extras::Options>;

/// The one type among Ts that is not Default, or Default. More than one is an error.
template <class Default, class... Ts>
struct OnlyOne : std::type_identity<Default> {};
template <class Default, class T, class... Ts>
struct OnlyOne<Default, T, Ts...> {
  using Rest = typename OnlyOne<Default, Ts...>::type;
  static_assert(
      std::is_same_v<T, Default> || std::is_same_v<Rest, Default> || std::is_same_v<T, Rest>,
      "the layers of a model must have the same run-time options and side outputs, or none");
  using type = std::conditional_t<std::is_same_v<T, Default>, Rest, T>;
};

/// The extras of a layer that is made of others.
template <class... Ls>
struct CombinedExtras {
  using Options = typename OnlyOne<NoOptions, typename Ls::Extras::Options...>::type;
  using Side = typename OnlyOne<NoSide, typename Ls::Extras::Side...>::type;
};

}  // namespace detail

}  // namespace ttt
