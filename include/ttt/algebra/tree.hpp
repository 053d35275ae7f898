// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/metadata.hpp>
#include <ttt/types.hpp>

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace ttt {

namespace detail {

/// A walk that does nothing. Named, because nvcc takes no lambda in a concept.
struct Ignore {
  template <class... Members>
  void operator()(std::string_view /*name*/, Members&... /*members*/) const {}
};

}  // namespace detail

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
/// Optimisers, counters, files and the lifting of parameters onto a tape are all a walk over such
/// trees; no module writes its own. A walk first lists a tree's arrays, so that a tree is visited
/// by code of its own once and not once for each purpose.
template <class T>
concept Tree = requires(T& tree) {
  std::remove_cvref_t<T>::visit(detail::Ignore{}, tree);
};

/// The name of a member of an array of members, also in a constant: `maps.` and 2 are `maps.2`.
class NumberedName {
 public:
  /// \pre the name has at most 32 characters
  constexpr NumberedName(std::string_view name, std::size_t number) {
    for (const char letter : name) text_[size_++] = letter;
    std::size_t digits = 1;
    for (std::size_t rest = number; rest >= 10; rest /= 10) ++digits;
    for (std::size_t n = digits; n > 0; number /= 10) {
      text_[size_ + --n] = static_cast<char>('0' + number % 10);
    }
    size_ += digits;
  }

  /// The name.
  [[nodiscard]] constexpr std::string_view view() const { return {text_, size_}; }

 private:
  char text_[64] = {};
  std::size_t size_ = 0;
};

/// What a walk knows of an array besides the array.
struct Leaf {
  std::string name;        ///< dotted path from the root
  bool fast = false;       ///< whether the array learns while the model reads
  bool undecayed = false;  ///< whether weight decay is not for the array
};

/// One array of a tree.
template <class A>
struct NamedArray {
  Leaf leaf;  ///< its name
  A* array;   ///< in the tree
};

/// One member of a tree that is no array.
struct NamedMetadata {
  std::string name;   ///< dotted path from the root
  AnyMetadata* data;  ///< in the tree
};

/// Everything that a tree of A holds, in the order of its members.
template <class A>
struct TreeParts {
  std::vector<NamedArray<A>> arrays;    ///< of every member
  std::vector<NamedMetadata> metadata;  ///< of every member
};

namespace detail {

/// What the tree itself says of its arrays.
template <class T>
inline constexpr bool is_fast = requires {
  requires T::fast;
};
template <class T>
inline constexpr bool is_undecayed = requires {
  requires T::undecayed;
};

/// Lists what a tree holds. Only the walk itself is compiled for each tree.
template <class A>
class Collect {
 public:
  explicit Collect(TreeParts<A>& parts) : parts_(parts) {}

  template <class Member>
  void operator()(std::string_view name, Member& member) {
    if constexpr (std::same_as<Member, A>) {
      add_array(name, &member);
    } else if constexpr (std::derived_from<Member, AnyMetadata>) {
      add_metadata(name, &member);
    } else {
      const Place before = enter(name, is_fast<Member>, is_undecayed<Member>);
      Member::visit(*this, member);
      leave(before);
    }
  }

 private:
  struct Place {
    std::size_t length;
    bool fast, undecayed;
  };

  [[gnu::noinline]] void add_array(std::string_view name, A* array) {
    parts_.arrays.push_back({{path_ + std::string(name), fast_, undecayed_}, array});
  }
  [[gnu::noinline]] void add_metadata(std::string_view name, AnyMetadata* data) {
    parts_.metadata.push_back({path_ + std::string(name), data});
  }
  [[gnu::noinline]] Place enter(std::string_view name, bool fast, bool undecayed) {
    const Place before{path_.size(), fast_, undecayed_};
    path_ += name;
    if (!path_.empty() && path_.back() != '.') path_ += '.';
    fast_ = fast_ || fast;
    undecayed_ = undecayed_ || undecayed;
    return before;
  }
  [[gnu::noinline]] void leave(const Place& before) {
    path_.resize(before.length);
    fast_ = before.fast;
    undecayed_ = before.undecayed;
  }

  TreeParts<A>& parts_;
  std::string path_;
  bool fast_ = false;
  bool undecayed_ = false;
};

}  // namespace detail

///@{
/// Lists the arrays of a tree with their names, and its metadata.
template <template <class> class T, class A>
[[nodiscard]] TreeParts<A> parts_of(T<A>& tree) {
  TreeParts<A> parts;
  detail::Collect<A> collect(parts);
  collect("", tree);
  return parts;
}
template <template <class> class T, class A>
[[nodiscard]] TreeParts<const A> parts_of(const T<A>& tree) {
  auto parts = parts_of(const_cast<T<A>&>(tree));  // NOLINT: given back as const
  TreeParts<const A> result;
  for (auto& [leaf, array] : parts.arrays) result.arrays.push_back({std::move(leaf), array});
  result.metadata = std::move(parts.metadata);
  return result;
}
///@}

/// Calls visit(leaf, array...) for each array of trees of one form, in the order of the members.
template <class Visit, class First, class... Others>
void for_each_array(Visit&& visit, First& first, Others&... others) {
  const auto all = parts_of(first).arrays;
  const auto walk = [&](const auto&... more) {
    for (std::size_t n = 0; n < all.size(); ++n) {
      visit(all[n].leaf, *all[n].array, *more[n].array...);
    }
  };
  walk(parts_of(others).arrays...);
}

/// Calls visit(name, metadata...) for each metadata of trees of one form, in the order of the
/// members.
template <class Visit, class First, class... Others>
void for_each_metadata(Visit&& visit, First& first, Others&... others) {
  const auto all = parts_of(first).metadata;
  const auto walk = [&](const auto&... more) {
    for (std::size_t n = 0; n < all.size(); ++n) {
      visit(all[n].name, *all[n].data, *more[n].data...);
    }
  };
  walk(parts_of(others).metadata...);
}

/// The tree of the same form whose arrays are make(leaf, array...). Metadata is copied.
template <class B, template <class> class T, class A, class Make, class... Others>
[[nodiscard]] T<B> map_tree(Make&& make, const T<A>& tree, Others&... others) {
  T<B> result;
  for_each_array([&](const Leaf& leaf, B& made, const A& array,
                     auto&... more) { made = make(leaf, array, more...); },
                 result, tree, others...);
  for_each_metadata(
      [](const std::string&, AnyMetadata& made, const AnyMetadata& from) { made.assign(from); },
      result, tree);
  return result;
}

}  // namespace ttt
