// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>
#include <ttt/algebra/tree.hpp>
#include <ttt/memory/inner.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace ttt {

/// Which parameters learn while the model reads: those that the model marks as fast, or those whose
/// name contains one of some words, which makes fast weights of any model's.
struct FastSelection {
  std::vector<std::string> names{};  ///< parts of names; empty for the model's own fast weights

  /// Whether a parameter learns.
  [[nodiscard]] bool operator()(const Leaf& leaf) const {
    if (names.empty()) return leaf.fast;
    return std::ranges::any_of(
        names, [&](const std::string& part) { return leaf.name.find(part) != std::string::npos; });
  }
};

/// A copy of the fast weights among parameters.
template <template <class> class T, Storage M>
[[nodiscard]] FastWeights<M> fast_weights(const T<M>& params, const FastSelection& fast = {}) {
  FastWeights<M> weights;
  for (const auto& [leaf, array] : parts_of(params).arrays) {
    if (array->rows() > 0 && fast(leaf)) weights.push_back(*array);
  }
  return weights;
}

/// The tree with every array a number without derivative: its value, and a zero tangent.
template <template <class> class T, Storage M>
[[nodiscard]] T<Dual<M>> without_tangent(const T<M>& tree) {
  return map_tree<Dual<M>>([](const Leaf&, const M& array) { return Dual<M>{array, {}}; }, tree);
}

/// The tree with every array a constant of the tape.
template <template <class> class T, Array A>
[[nodiscard]] T<Var<A>> constants(Tape<A>& tape, const T<A>& tree) {
  return map_tree<Var<A>>([&](const Leaf&, const A& array) { return tape.constant(array); }, tree);
}

/// The tree with every array a leaf of the tape whose cotangent goes to the array of `sinks`.
template <template <class> class T, Array A>
[[nodiscard]] T<Var<A>> leaves(Tape<A>& tape, const T<A>& tree, T<StorageOf<A>>& sinks) {
  return map_tree<Var<A>>(
      [&](const Leaf&, const A& array, StorageOf<A>& sink) { return tape.leaf(array, sink); }, tree,
      sinks);
}

/// The values of a tree of variables.
template <template <class> class T, Storage M>
[[nodiscard]] T<M> values(const T<Var<M>>& tree) {
  return map_tree<M>([](const Leaf&, const Var<M>& v) { return v.value(); }, tree);
}

/// Moves the values of variables to a tree that they were lifted from; what is still the tree's own
/// array stays.
template <template <class> class T, Storage M>
void take_values(T<M>& tree, T<Var<M>>& lifted) {
  for_each_array(
      [](const Leaf&, M& array, Var<M>& v) {
        if (&v.value() != &array) array = std::move(v).take();
      },
      tree, lifted);
  for_each_metadata(
      [](const std::string&, AnyMetadata& own, const AnyMetadata& after) { own.assign(after); },
      tree, lifted);
}

/// The values of a tree of variables that is not read again: moved where nothing else holds them.
template <template <class> class T, Storage M>
[[nodiscard]] T<M> taken(T<Var<M>>& tree) {
  T<M> result;
  take_values(result, tree);
  return result;
}

/// Replaces the fast arrays of a lifted tree of parameters: make(number) for each, in order. An
/// array without rows is never fast.
template <class Params, class Make>
void replace_fast(Params& lifted, const FastSelection& fast, Make&& make) {
  std::size_t number = 0;
  for (const auto& [leaf, array] : parts_of(lifted).arrays) {
    if (row_count(*array) > 0 && fast(leaf)) *array = make(number++);
  }
}

}  // namespace ttt
