// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/tree.hpp>
#include <ttt/cpu/matrix.hpp>
#include <ttt/file/archive.hpp>

#include <optional>
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
};

/// A tensor by the name it has here and by that of another implementation. `*` in both stands for
/// one and the same word, such as the number of a block.
struct ForeignName {
  std::string_view ours;    ///< as Leaf::name has it
  std::string_view theirs;  ///< in their files
  Layout layout;            ///< of theirs
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

/// The elements of a tensor of any rank, in their order.
inline void append_elements(std::vector<double>& elements, const TensorView& view) {
  if (view.shape().size() > 2) {
    for (Index n = 0; n < view.shape()[0]; ++n) append_elements(elements, view.slice(n));
    return;
  }
  const auto part = view.matrix<double>();
  elements.insert(elements.end(), part.data(), part.data() + part.size());
}

/// Where the element (row, col) of a matrix [rows, cols] lies in a tensor of `slices` parts of the
/// first axis.
[[nodiscard]] constexpr Index place(Layout layout, Index row, Index col, Index rows, Index cols,
                                    Index slices) {
  if (layout == Layout::transposed) return col * rows + row;
  if (layout == Layout::taps) return col * rows + (rows - 1 - row);
  if (layout == Layout::stack) {
    const Index width = cols / slices;
    return (col / width * rows + row) * width + col % width;
  }
  return row * cols + col;
}

}  // namespace detail

/// A tensor of another implementation as a matrix [rows, cols] of ours.
///
/// \throws FormatError, naming file and tensor, if it is missing or has another number of elements,
///         or, as a stack, other extents.
template <Storage M>
[[nodiscard]] M foreign_array(const Archive& archive, const std::string& name, Layout layout,
                              Index rows, Index cols) {
  const TensorView view = archive.view(name);
  std::vector<double> elements;
  detail::append_elements(elements, view);
  const Index slices = view.shape().empty() ? 1 : view.shape()[0];
  if (std::ssize(elements) != rows * cols ||
      (layout == Layout::stack && (slices == 0 || cols % slices != 0))) {
    throw FormatError("read: " + archive.origin() + ": tensor \"" + name + "\" must have the " +
                      std::to_string(rows * cols) + " elements of ours, got " +
                      in_words(view.shape()));
  }
  std::vector<Scalar<M>> ours;
  ours.reserve(elements.size());
  for (Index row = 0; row < rows; ++row) {
    for (Index col = 0; col < cols; ++col) {
      const Index place = detail::place(layout, row, col, rows, cols, slices);
      ours.push_back(static_cast<Scalar<M>>(elements[static_cast<std::size_t>(place)]));
    }
  }
  return Primitives<M>::upload(rows, cols, ours);
}

/// Reads the tensors of a tree, whose shapes are known, from a file of another implementation,
/// whose names all begin with `prefix`.
///
/// \shape  `shapes` is a tree of things with members `rows` and `cols`
/// \throws FormatError, naming the tensor, if the table lacks it, or as foreign_array.
template <Storage M, template <class> class T, class Shape>
[[nodiscard]] T<M> foreign_tree(const Archive& archive, std::span<const ForeignName> table,
                                const std::string& prefix, const T<Shape>& shapes) {
  return map_tree<M>(
      [&](const Leaf& leaf, const Shape& shape) -> M {
        if (shape.rows == 0) return {};
        for (const ForeignName& entry : table) {
          const auto word = detail::starred(entry.ours, leaf.name);
          if (!word) continue;
          std::string theirs(entry.theirs);
          if (const auto star = theirs.find('*'); star != std::string::npos) {
            theirs.replace(star, 1, *word);
          }
          return foreign_array<M>(archive, prefix + theirs, entry.layout, shape.rows, shape.cols);
        }
        throw FormatError("read: " + archive.origin() + ": the table of names must have \"" +
                          leaf.name + '"');
      },
      shapes);
}

}  // namespace ttt::file
