// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/tree.hpp>
#include <ttt/cpu/matrix.hpp>
#include <ttt/file/archive.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ttt::file {

/// How another implementation lays out a tensor that is a matrix here.
enum class Layout {
  same,        ///< the same elements in the same order, whatever the extents
  transposed,  ///< [out, in], or with extents of 1 between, which is [in, out] here
  taps,        ///< [features, 1, taps], the present token's last: [taps, features], its first, here
  stack,       ///< [heads, rows, cols], which is [rows, heads * cols] here
  blocks,      ///< [blocks, rows, cols], of which each block that has the tensor has a part here
};

/// What layouts are called, by their position in Layout.
inline constexpr std::array<std::string_view, 5> layouts{"same", "transposed", "taps", "stack",
                                                         "blocks"};

/// What a layout is called.
[[nodiscard]] constexpr std::string_view describe(Layout layout) {
  return layouts[static_cast<std::size_t>(layout)];
}

/// A tensor by the name it has here and by that of another implementation. `*` in both stands for
/// one and the same word, such as the number of a block.
struct ForeignName {
  std::string_view ours;    ///< as Leaf::name has it
  std::string_view theirs;  ///< in their files; of a layout of blocks, without `*`
  Layout layout;            ///< of theirs
};

/// A matrix of ours, and the tensor that it is in files of another implementation.
struct ForeignTensor {
  std::string ours = {};         ///< as Leaf::name has it
  std::string theirs;            ///< in their files
  Layout layout = Layout::same;  ///< of theirs
  Index rows = 0;                ///< of ours
  Index cols = 0;                ///< of ours
  Index part = 0;                ///< of theirs, in a layout of blocks
  Index parts = 1;               ///< that theirs must have
};

namespace detail {

/// What `*` stands for if `name` is of `pattern`.
[[nodiscard]] inline std::optional<std::string_view> starred(std::string_view pattern,
                                                             std::string_view name) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) {
    return pattern == name ? std::optional(std::string_view{}) : std::nullopt;
  }
  const std::string_view before = pattern.substr(0, star);
  const std::string_view behind = pattern.substr(star + 1);
  if (name.size() < before.size() + behind.size() || !name.starts_with(before) ||
      !name.ends_with(behind)) {
    return std::nullopt;
  }
  const std::string_view word =
      name.substr(before.size(), name.size() - before.size() - behind.size());
  return word.find('.') == std::string_view::npos ? std::optional(word) : std::nullopt;
}

/// Whether a tensor has the extents that it must have.
[[nodiscard]] inline bool fits(const ForeignTensor& tensor, std::span<const Index> shape) {
  const auto& [ours, theirs, layout, rows, cols, part, parts] = tensor;
  if (layout == Layout::blocks) {
    if (shape.empty() || shape[0] != parts) return false;
    shape = shape.subspan(1);
  }
  const Index size = std::accumulate(shape.begin(), shape.end(), Index{1}, std::multiplies<>{});
  if (size != rows * cols) return false;
  if (layout == Layout::same) return true;
  if (layout == Layout::stack) return shape.size() == 3 && shape[1] == rows;
  if (shape.empty()) return false;
  return (layout == Layout::blocks ? shape.back() : shape[0]) == cols;
}

/// Where the element (row, col) of a matrix [rows, cols] lies in a tensor of `heads` parts of the
/// first axis.
[[nodiscard]] constexpr Index place(const ForeignTensor& tensor, Index row, Index col,
                                    Index heads) {
  const auto& [ours, theirs, layout, rows, cols, part, parts] = tensor;
  if (layout == Layout::transposed) return col * rows + row;
  if (layout == Layout::taps) return col * rows + (rows - 1 - row);
  if (layout == Layout::stack) {
    const Index width = cols / heads;
    return (col / width * rows + row) * width + col % width;
  }
  return row * cols + col;
}

}  // namespace detail

/// The tensors of another implementation, whose names all begin with `prefix`, that hold a tree
/// whose shapes are known.
///
/// \shape  `shapes` is a tree of things with members `rows` and `cols`; one without rows is in no
///         file
/// \throws FormatError, naming the tensor, if the table lacks one.
template <class T>
[[nodiscard]] std::vector<ForeignTensor> foreign_tensors(std::span<const ForeignName> table,
                                                         const std::string& prefix,
                                                         const T& shapes) {
  std::vector<ForeignTensor> tensors;
  std::map<const ForeignName*, Index> parts;
  std::vector<const ForeignName*> entries;
  const auto add = [&](const std::string& name, Index rows, Index cols) {
    for (const ForeignName& entry : table) {
      const auto word = detail::starred(entry.ours, name);
      if (!word) continue;
      std::string theirs(entry.theirs);
      if (const auto star = theirs.find('*'); star != std::string::npos) {
        theirs.replace(star, 1, *word);
      }
      tensors.push_back({name, prefix + theirs, entry.layout, rows, cols, parts[&entry]++});
      entries.push_back(&entry);
      return;
    }
    throw FormatError("foreign_tensors: the table of names must have \"" + name + '"');
  };
  for (const auto& [leaf, shape] : parts_of(shapes).arrays) {
    if (shape->rows > 0) add(leaf.name, shape->rows, shape->cols);
  }
  for (std::size_t n = 0; n < tensors.size(); ++n) {
    if (tensors[n].layout == Layout::blocks) tensors[n].parts = parts[entries[n]];
  }
  return tensors;
}

/// Throws FormatError, with every tensor that is missing, of another shape or left over, unless the
/// archive has these. Left over are those that no tensor of ours is in, and whose names contain
/// none of the words `ignored`.
inline void expect_foreign(const Archive& archive, std::span<const ForeignTensor> tensors,
                           std::span<const std::string> ignored = {}) {
  std::string missing;
  std::string misshapen;
  std::string left_over;
  const auto add = [](std::string& list, const char* title, const std::string& tensor) {
    list += (list.empty() ? title : ", ") + tensor;
  };
  std::set<std::string, std::less<>> read;
  for (const ForeignTensor& tensor : tensors) {
    const std::string name = json::quoted(tensor.theirs);
    const bool first = read.insert(tensor.theirs).second;
    const auto found = archive.tensors().find(tensor.theirs);
    if (found == archive.tensors().end()) {
      if (first) add(missing, "missing ", name);
    } else if (!detail::fits(tensor, found->second.shape)) {
      add(misshapen, "of another shape ",
          name + ' ' + in_words(found->second.shape) + " as " +
              in_words(std::array{tensor.rows, tensor.cols}) + ' ' +
              std::string(describe(tensor.layout)));
    }
  }
  for (const auto& [name, tensor] : archive.tensors()) {
    const bool may_be = std::ranges::any_of(
        ignored, [&](const std::string& word) { return name.find(word) != std::string::npos; });
    if (!read.contains(name) && !may_be) add(left_over, "left over ", json::quoted(name));
  }
  std::string problems;
  for (const std::string& list : {missing, misshapen, left_over}) {
    if (!list.empty()) problems += (problems.empty() ? "tensors " : "; ") + list;
  }
  if (!problems.empty()) throw FormatError("read: " + archive.origin() + ": " + problems);
}

/// A tensor of another implementation as a matrix of ours.
///
/// \throws FormatError, naming file and tensor, if it is missing or of another shape.
template <Storage M>
[[nodiscard]] M foreign_array(const Archive& archive, const ForeignTensor& tensor) {
  TensorView view = archive.view(tensor.theirs);
  const auto& [ours, theirs, layout, rows, cols, part, parts] = tensor;
  if (!detail::fits(tensor, view.shape())) {
    throw FormatError("read: " + archive.origin() + ": tensor \"" + theirs + "\" must be " +
                      in_words(std::array{rows, cols}) + " in the layout " +
                      std::string(describe(layout)) + ", got " + in_words(view.shape()));
  }
  const Index heads = view.shape().empty() ? 1 : view.shape()[0];
  const auto elements =
      (layout == Layout::blocks ? view.slice(part) : view).template elements<double>();
  std::vector<Scalar<M>> matrix;
  matrix.reserve(elements.size());
  for (Index row = 0; row < rows; ++row) {
    for (Index col = 0; col < cols; ++col) {
      const Index place = detail::place(tensor, row, col, heads);
      matrix.push_back(static_cast<Scalar<M>>(at(elements, place)));
    }
  }
  return Primitives<M>::upload(rows, cols, matrix);
}

/// Reads the tensors of a tree, whose shapes are known, from a file of another implementation,
/// whose names all begin with `prefix`.
///
/// \throws FormatError, naming the tensor, as foreign_tensors and foreign_array.
template <Storage M, template <class> class T, class Shape>
[[nodiscard]] T<M> foreign_tree(const Archive& archive, std::span<const ForeignName> table,
                                const std::string& prefix, const T<Shape>& shapes) {
  const auto tensors = foreign_tensors(table, prefix, shapes);
  auto next = tensors.begin();
  return map_tree<M>(
      [&](const Leaf&, const Shape& shape) -> M {
        return shape.rows == 0 ? M{} : foreign_array<M>(archive, *next++);
      },
      shapes);
}

}  // namespace ttt::file
