// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>

#include <array>
#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace ttt {

/// A struct of arrays, and of such structs, that knows the names of its members:
///
///   template <class A>
///   struct Params {
///     A w1, w2;
///     static void visit(auto&& on, auto&... trees) {
///       on("w1.weight", trees.w1...);
///       on("w2.weight", trees.w2...);
///     }
///   };
///
/// Given several trees, visit passes their members side by side. Optimisers, counters, files and
/// the lifting of parameters onto a tape are all a walk over such trees; no module writes its own.
template <class T>
concept Tree = requires(T& tree) {
  std::remove_cvref_t<T>::visit([](const std::string&, auto&...) {}, tree);
};

/// What a tree keeps besides arrays: data that no derivative is taken of. A walk over arrays passes
/// it by, and a tree that is made from another has a copy.
template <class E>
struct Notes : std::vector<E> {};

/// What a walk knows of an array besides the array.
struct Leaf {
  std::string name;   ///< dotted path from the root
  bool fast = false;  ///< whether the array learns while the model reads
};

namespace detail {

template <class T>
inline constexpr bool is_fast = requires {
  requires std::remove_cvref_t<T>::fast;
};

template <class T>
inline constexpr bool is_notes = false;
template <class E>
inline constexpr bool is_notes<Notes<E>> = true;

/// Visits the arrays, or instead the notes.
template <bool OfNotes, class Visit>
struct Walk {
  Visit& visit;
  std::string prefix;
  bool fast;

  template <class First, class... Others>
  void operator()(std::string_view name, First& first, Others&... others) const {
    std::string path = prefix + std::string(name);
    if constexpr (Tree<First>) {
      if (!path.empty()) path += '.';
      std::remove_cvref_t<First>::visit(Walk{visit, std::move(path), fast || is_fast<First>}, first,
                                        others...);
    } else if constexpr (is_notes<std::remove_cvref_t<First>> == OfNotes) {
      visit(Leaf{.name = std::move(path), .fast = fast}, first, others...);
    }
  }
};

}  // namespace detail

/// Calls visit(leaf, array...) for each array of trees of one form, in the order of the members.
template <class Visit, class First, class... Others>
void for_each_array(Visit&& visit, First& first, Others&... others) {
  detail::Walk<false, std::remove_reference_t<Visit>>{visit, "", false}("", first, others...);
}

/// Calls visit(leaf, notes...) for each Notes of trees of one form, in the order of the members.
template <class Visit, class First, class... Others>
void for_each_notes(Visit&& visit, First& first, Others&... others) {
  detail::Walk<true, std::remove_reference_t<Visit>>{visit, "", false}("", first, others...);
}

/// The tree of the same form whose arrays are make(leaf, array...).
template <class B, template <class> class T, class A, class Make, class... Others>
[[nodiscard]] T<B> map_tree(Make&& make, const T<A>& tree, Others&... others) {
  T<B> result;
  for_each_array([&](const Leaf& leaf, B& made, const A& array,
                     auto&... more) { made = make(leaf, array, more...); },
                 result, tree, others...);
  for_each_notes([](const Leaf&, auto& made, const auto& notes) { made = notes; }, result, tree);
  return result;
}

}  // namespace ttt
