// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/tree.hpp>
#include <ttt/file/archive.hpp>

#include <concepts>
#include <string>
#include <vector>

namespace ttt::file {

/// Stores every array of a tree under `prefix` and its name; one without elements is left out.
template <Tree T>
void set_tree(Archive& archive, const std::string& prefix, const T& tree, As as = {}) {
  for_each_array(
      [&](const Leaf& leaf, const auto& array) {
        if (array.size() > 0) archive.set(prefix + leaf.name, array, as);
      },
      tree);
}

/// The names that set_tree gives to the arrays that have elements.
template <Tree T>
void append_names(std::vector<std::string>& names, const std::string& prefix, const T& tree) {
  for_each_array(
      [&](const Leaf& leaf, const auto& array) {
        if (array.size() > 0) names.push_back(prefix + leaf.name);
      },
      tree);
}

/// Reads every array of a tree whose shapes are known; one without rows is not looked for.
///
/// \shape  `shapes` is a tree of things with members `rows` and `cols`
/// \throws FormatError, naming file and tensor, if one is missing or of another shape.
template <std::floating_point S, template <class> class T, class Shape>
[[nodiscard]] T<Matrix<S>> tree(const Archive& archive, const std::string& prefix,
                                const T<Shape>& shapes) {
  return map_tree<Matrix<S>>(
      [&](const Leaf& leaf, const Shape& shape) -> Matrix<S> {
        if (shape.rows == 0) return {};
        return archive.matrix<S>(prefix + leaf.name, {shape.rows, shape.cols});
      },
      shapes);
}

}  // namespace ttt::file
