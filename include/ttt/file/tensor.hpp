// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/storage.hpp>
#include <ttt/cpu/matrix.hpp>
#include <ttt/error.hpp>
#include <ttt/file/dtype.hpp>
#include <ttt/shape.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ttt::file {

/// An array as it lies in a file.
struct Tensor {
  DType dtype = DType::f32;      ///< of every element
  std::vector<Index> shape;      ///< outermost first; empty for a scalar
  std::vector<std::byte> bytes;  ///< row-major, little-endian

  /// Whether all members are equal.
  friend bool operator==(const Tensor&, const Tensor&) = default;
};

/// The bytes that `shape` takes as `dtype`, or nothing if an Index cannot count them.
///
/// \pre no extent is negative
[[nodiscard]] constexpr std::optional<Index> byte_count(DType dtype, std::span<const Index> shape) {
  Index count = describe(dtype).bytes;
  for (const Index extent : shape) {
    if (extent != 0 && count > std::numeric_limits<Index>::max() / extent) return std::nullopt;
    count *= extent;
  }
  return count;
}

/// `shape` in words: [4, *, 8], where * matches every extent.
[[nodiscard]] inline std::string in_words(std::span<const Index> shape) {
  std::string words;
  for (const Index extent : shape) {
    words += (words.empty() ? "" : ", ") + (extent == any_extent ? "*" : std::to_string(extent));
  }
  return '[' + words + ']';
}

/// A tensor of an archive, or a slice of one, without a copy; it must not outlive the archive.
class TensorView {
 public:
  /// \pre `tensor` holds as many bytes as its shape takes; `where` names the file and the tensor
  TensorView(const Tensor& tensor, std::string where)
      : dtype_(tensor.dtype),
        shape_(tensor.shape),
        bytes_(tensor.bytes),
        where_(std::move(where)) {}

  ///@{
  /// As in Tensor.
  [[nodiscard]] DType dtype() const { return dtype_; }
  [[nodiscard]] std::span<const Index> shape() const { return shape_; }
  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }
  ///@}

  /// The part at `index` of the first axis: one matrix of a stack.
  ///
  /// \shape  [stack, ...] -> [...]
  /// \throws FormatError if there is no such part
  [[nodiscard]] TensorView slice(Index index) const {
    if (shape_.empty() || index < 0 || index >= shape_[0]) {
      refuse(" must have a slice " + std::to_string(index));
    }
    TensorView part = *this;
    const std::size_t size = bytes_.size() / static_cast<std::size_t>(shape_[0]);
    part.shape_ = shape_.subspan(1);
    part.bytes_ = bytes_.subspan(static_cast<std::size_t>(index) * size, size);
    part.where_ += " slice " + std::to_string(index);
    return part;
  }

  /// A copy as an array of a storage, rounded to its scalar. A vector [n] is one row, [1, n]; a
  /// scalar is [1, 1].
  ///
  /// \throws FormatError if the elements are not real, or the shape is not `shape`, in which
  ///         `any_extent` matches every extent
  template <Storage M>
  [[nodiscard]] M array(std::array<Index, 2> shape = {any_extent, any_extent}) const {
    using S = Scalar<M>;
    const Index rank = std::ssize(shape_);
    const Index rows = rank < 2 ? 1 : shape_[0];
    const Index cols = rank == 0 ? 1 : shape_.back();
    const auto fits = [](Index got, Index wanted) { return wanted == any_extent || wanted == got; };
    if (!describe(dtype_).real || rank > 2 || !fits(rows, shape[0]) || !fits(cols, shape[1])) {
      refuse(" must be real " + in_words(shape));
    }
    return Primitives<M>::upload(rows, cols, elements<S>());
  }

  /// A copy of the elements of any shape, rounded to S, the last axis innermost.
  ///
  /// \throws FormatError if they are not real
  template <std::floating_point S>
  [[nodiscard]] std::vector<S> elements() const {
    if (!describe(dtype_).real) refuse(" must be real");
    std::vector<S> all(bytes_.size() / static_cast<std::size_t>(describe(dtype_).bytes));
    with_real(dtype_, [&](auto zero) {
      each(zero, [&](std::size_t i, auto element) { all[i] = static_cast<S>(element); });
    });
    return all;
  }

  /// The same on the CPU.
  template <std::floating_point S>
  [[nodiscard]] Matrix<S> matrix(std::array<Index, 2> shape = {any_extent, any_extent}) const {
    return array<Matrix<S>>(shape);
  }

  /// A copy as integers, the last axis innermost.
  ///
  /// \throws FormatError if the elements are not integers, their number is not `count`
  ///         (`any_extent` matches every number), or one is beyond std::int64_t
  [[nodiscard]] std::vector<std::int64_t> integers(Index count = any_extent) const {
    const Index got = std::ssize(bytes_) / describe(dtype_).bytes;
    if (describe(dtype_).real || (count != any_extent && count != got)) {
      refuse(" must hold " + (count == any_extent ? "" : std::to_string(count) + ' ') + "integers");
    }
    std::vector<std::int64_t> result(static_cast<std::size_t>(got));
    with_integer(dtype_, [&](auto zero) {
      each(zero, [&](std::size_t i, auto element) {
        if (!std::in_range<std::int64_t>(element)) refuse(" must fit in 64 bits with a sign");
        result[i] = static_cast<std::int64_t>(element);
      });
    });
    return result;
  }

 private:
  /// Calls `use(position, element)` for each element.
  template <class Element, class Use>
  void each(Element element, Use use) const {
    for (std::size_t i = 0; i < bytes_.size() / sizeof element; ++i) {
      std::memcpy(&element, bytes_.data() + i * sizeof element, sizeof element);
      use(i, element);
    }
  }

  [[noreturn]] void refuse(const std::string& wanted) const {
    throw FormatError(where_ + wanted + ", got " + std::string(describe(dtype_).name) + ' ' +
                      in_words(shape_));
  }

  DType dtype_;
  std::span<const Index> shape_;
  std::span<const std::byte> bytes_;
  std::string where_;
};

}  // namespace ttt::file
