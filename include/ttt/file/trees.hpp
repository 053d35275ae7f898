// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/tree.hpp>
#include <ttt/file/archive.hpp>

#include <string>
#include <vector>

namespace ttt::file {

/// Stores every array of a tree under `prefix` and its name, and its metadata as tables; what has
/// no elements is left out.
template <class T>
void set_tree(Archive& archive, const std::string& prefix, const T& tree, As as = {}) {
  const auto parts = parts_of(tree);
  for (const auto& [leaf, array] : parts.arrays) {
    if (!is_zero(*array)) archive.set(prefix + leaf.name, *array, as);
  }
  for (const auto& [name, data] : parts.metadata) {
    if (data->count() == 0) continue;
    const auto table = data->table();
    archive.set(prefix + name,
                Primitives<Matrix<double>>::upload(data->count(), data->fields(), table));
  }
}

/// The names that set_tree gives to what has elements.
template <class T>
void append_names(std::vector<std::string>& names, const std::string& prefix, const T& tree) {
  const auto parts = parts_of(tree);
  for (const auto& [leaf, array] : parts.arrays) {
    if (!is_zero(*array)) names.push_back(prefix + leaf.name);
  }
  for (const auto& [name, data] : parts.metadata) {
    if (data->count() > 0) names.push_back(prefix + name);
  }
}

/// Reads every array of a tree whose shapes are known; one without rows is not looked for.
///
/// \shape  `shapes` is a tree of things with members `rows` and `cols`
/// \throws FormatError, naming file and tensor, if one is missing or of another shape.
template <Storage M, template <class> class T, class Shape>
[[nodiscard]] T<M> tree(const Archive& archive, const std::string& prefix, const T<Shape>& shapes) {
  return map_tree<M>(
      [&](const Leaf& leaf, const Shape& shape) -> M {
        if (shape.rows == 0) return {};
        return archive.array<M>(prefix + leaf.name, {shape.rows, shape.cols});
      },
      shapes);
}

/// Reads what set_tree stored of a tree whose shapes are not known: the caller checks them. What is
/// not there has no elements.
///
/// \throws FormatError, naming file and tensor, if a table is not one of the tree's.
template <Storage M, template <class> class T>
void read_tree(const Archive& archive, const std::string& prefix, T<M>& tree) {
  const auto parts = parts_of(tree);
  for (const auto& [leaf, array] : parts.arrays) {
    const std::string name = prefix + leaf.name;
    if (archive.tensors().contains(name)) *array = archive.array<M>(name);
  }
  for (const auto& [name, data] : parts.metadata) {
    const std::string full = prefix + name;
    if (!archive.tensors().contains(full)) continue;
    const auto table = archive.array<Matrix<double>>(full, {any_extent, data->fields()});
    try {
      data->set_table({table.data(), table.data() + table.size()});
    } catch (const RangeError& error) {
      throw FormatError("read: " + archive.origin() + ": tensor \"" + full + "\": " + error.what());
    }
  }
}

}  // namespace ttt::file
