// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/tape.hpp>
#include <ttt/algebra/tree.hpp>
#include <ttt/memory/inner.hpp>

#include <utility>

namespace ttt {

/// A copy of the fast weights among parameters.
template <template <class> class T, class S>
[[nodiscard]] FastWeights<S> fast_weights(const T<Matrix<S>>& params) {
  FastWeights<S> fast;
  for_each_array(
      [&](const Leaf& leaf, const Matrix<S>& array) {
        if (leaf.fast) fast.push_back(array);
      },
      params);
  return fast;
}

/// The tree with every array a number without derivative: its value, and a zero tangent.
template <template <class> class T, class S>
[[nodiscard]] T<Dual<Matrix<S>>> without_tangent(const T<Matrix<S>>& tree) {
  return map_tree<Dual<Matrix<S>>>(
      [](const Leaf&, const Matrix<S>& array) {
        return Dual<Matrix<S>>{array, {}};
      },
      tree);
}

/// The tree with every array a constant of the tape.
template <template <class> class T, Array A>
[[nodiscard]] T<Var<A>> constants(Tape<A>& tape, const T<A>& tree) {
  return map_tree<Var<A>>([&](const Leaf&, const A& array) { return tape.constant(array); }, tree);
}

/// The tree with every array a leaf of the tape whose cotangent goes to the array of `sinks`.
template <template <class> class T, Array A>
[[nodiscard]] T<Var<A>> leaves(Tape<A>& tape, const T<A>& tree, T<Matrix<Scalar<A>>>& sinks) {
  return map_tree<Var<A>>(
      [&](const Leaf&, const A& array, Matrix<Scalar<A>>& sink) { return tape.leaf(array, sink); },
      tree, sinks);
}

/// Replaces the fast arrays of a lifted tree: visits them in order, with their number.
template <class Params, class Make>
void replace_fast(Params& lifted, Make&& make) {
  std::size_t number = 0;
  for_each_array(
      [&](const Leaf& leaf, auto& array) {
        if (leaf.fast) array = make(number++);
      },
      lifted);
}

}  // namespace ttt
