// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/array.hpp>
#include <ttt/error.hpp>
#include <ttt/file/json.hpp>
#include <ttt/file/tensor.hpp>
#include <ttt/file/utf8.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Safetensors files, read with suspicion and written whole or not at all.
namespace ttt::file {

/// The longest header of a file that a reader accepts, in bytes.
///
/// \source the format's own implementation
inline constexpr std::size_t longest_header = 100'000'000;

/// A matrix of the host, or an expression of one, whose elements are float or double.
template <class A>
concept HostMatrix = std::floating_point<typename A::Scalar> && requires(const A& a, Index n) {
  { a.rows() } -> std::convertible_to<Index>;
  { a.cols() } -> std::convertible_to<Index>;
  { a(n, n) } -> std::convertible_to<typename A::Scalar>;
};

/// How an array is stored; what is left out follows from the array.
struct As {
  std::optional<DType> dtype = std::nullopt;  ///< f64 for double and f32 for float if left out
  std::vector<Index> shape = {};              ///< [rows, cols] if left out
};

/// Named tensors and what is said about them: the value of a safetensors file.
class Archive {
 public:
  /// Things found by name, in the order of their names.
  template <class T>
  using Named = std::map<std::string, T, std::less<>>;

  /// `origin` is the file that messages name.
  explicit Archive(std::string origin = "archive") : origin_(std::move(origin)) {}

  Named<std::string> metadata;  ///< texts about the whole

  /// The file that messages name.
  [[nodiscard]] const std::string& origin() const { return origin_; }

  /// Everything that was `set`.
  [[nodiscard]] const Named<Tensor>& tensors() const { return tensors_; }

  /// The tensor `name`, to slice a stack or to ask for its shape.
  ///
  /// \throws FormatError if there is none
  [[nodiscard]] TensorView view(std::string_view name) const& {
    const auto found = tensors_.find(name);
    const std::string where = "read: " + origin_ + ": tensor " + json::quoted(name);
    if (found == tensors_.end()) throw FormatError(where + " is missing");
    return {found->second, where};
  }

  /// The view would outlive the archive.
  TensorView view(std::string_view name) const&& = delete;

  /// `view(name).array<M>(shape)`
  template <Storage M>
  [[nodiscard]] M array(std::string_view name,
                        std::array<Index, 2> shape = {any_extent, any_extent}) const {
    return view(name).template array<M>(shape);
  }

  /// `view(name).matrix<S>(shape)`
  template <std::floating_point S>
  [[nodiscard]] Matrix<S> matrix(std::string_view name,
                                 std::array<Index, 2> shape = {any_extent, any_extent}) const {
    return view(name).template matrix<S>(shape);
  }

  /// `view(name).integers(count)`
  [[nodiscard]] std::vector<std::int64_t> integers(std::string_view name,
                                                   Index count = any_extent) const {
    return view(name).integers(count);
  }

  /// `view(name).integers(1)`
  [[nodiscard]] std::int64_t integer(std::string_view name) const { return integers(name, 1)[0]; }

  /// The metadata under `key`.
  ///
  /// \throws FormatError if there is none
  [[nodiscard]] const std::string& text(std::string_view key) const {
    const auto found = metadata.find(key);
    if (found == metadata.end()) {
      throw FormatError("read: " + origin_ + ": metadata " + json::quoted(key) + " is missing");
    }
    return found->second;
  }

  /// Throws FormatError, with every name that is missing or unexpected, unless the tensors are
  /// those called `names`.
  void expect_names(std::vector<std::string> names) const {
    std::vector<std::string> here;
    for (const auto& [name, tensor] : tensors_) here.push_back(name);
    std::vector<std::string> missing;
    std::vector<std::string> unexpected;
    std::ranges::sort(names);
    std::ranges::set_difference(names, here, std::back_inserter(missing));
    std::ranges::set_difference(here, names, std::back_inserter(unexpected));
    if (missing.empty() && unexpected.empty()) return;
    const auto list = [](const char* title, const std::vector<std::string>& tensors) {
      std::string words;
      for (const std::string& name : tensors) {
        words += (words.empty() ? title : ", ") + json::quoted(name);
      }
      return words;
    };
    throw FormatError("read: " + origin_ + ": " + list("missing tensors ", missing) +
                      (missing.empty() || unexpected.empty() ? "" : "; ") +
                      list("unexpected tensors ", unexpected));
  }

  /// Stores a matrix, in place of any tensor of that name.
  ///
  /// \throws RangeError if `as.dtype` is not real, or the name is reserved or not UTF-8
  /// \throws ShapeError if `as.shape` does not hold as many elements as the matrix
  template <HostMatrix A>
  void set(std::string name, const A& matrix, As as = {}) {
    std::vector<typename A::Scalar> elements;
    elements.reserve(static_cast<std::size_t>(matrix.rows() * matrix.cols()));
    for (Index row = 0; row < matrix.rows(); ++row) {
      for (Index col = 0; col < matrix.cols(); ++col) elements.push_back(matrix(row, col));
    }
    set_real<typename A::Scalar>(std::move(name), elements, {matrix.rows(), matrix.cols()},
                                 std::move(as));
  }

  /// Stores an array of a storage whose elements the host cannot see, likewise.
  template <Storage M>
  requires(!HostMatrix<M>) void set(std::string name, const M& matrix, As as = {}) {
    const auto elements = Primitives<M>::download(ttt::view(matrix));
    set_real<Scalar<M>>(std::move(name), elements, {matrix.rows(), matrix.cols()}, std::move(as));
  }

  /// Stores integers as I64, as one vector.
  void set(std::string name, std::span<const std::int64_t> values) {
    const auto bytes = std::as_bytes(values);
    set(std::move(name), Tensor{.dtype = DType::i64,
                                .shape = {std::ssize(values)},
                                .bytes = {bytes.begin(), bytes.end()}});
  }

  /// Stores one integer as I64, as a scalar.
  void set(std::string name, std::int64_t value) {
    const auto bytes = std::as_bytes(std::span(&value, 1));
    set(std::move(name),
        Tensor{.dtype = DType::i64, .shape = {}, .bytes = {bytes.begin(), bytes.end()}});
  }

  /// Stores a tensor as it is.
  ///
  /// \throws RangeError if the name is reserved or not UTF-8
  /// \throws ShapeError if the bytes are not those of the shape
  void set(std::string name, Tensor tensor) {
    if (name == "__metadata__") throw RangeError("Archive.set: the name __metadata__ is reserved");
    if (utf8_prefix(name) != name.size()) throw RangeError("Archive.set: the name is not UTF-8");
    const bool counted = std::ranges::all_of(tensor.shape, [](Index n) { return n >= 0; });
    if (!counted || byte_count(tensor.dtype, tensor.shape) != std::ssize(tensor.bytes)) {
      throw ShapeError("Archive.set: tensor " + json::quoted(name) + " must be " +
                       std::string(describe(tensor.dtype).name) + ' ' + in_words(tensor.shape) +
                       ", got " + std::to_string(tensor.bytes.size()) + " bytes");
    }
    tensors_.insert_or_assign(std::move(name), std::move(tensor));
  }

  /// Takes the tensors of `other`, and such of its metadata as is not here yet.
  ///
  /// \throws FormatError if a tensor is in both; this is then untouched
  void merge(Archive other) {
    for (const auto& [name, tensor] : other.tensors_) {
      if (!tensors_.contains(name)) continue;
      throw FormatError("Archive.merge: tensor " + json::quoted(name) + " must be in one of " +
                        origin_ + " and " + other.origin_ + ", and is in both");
    }
    tensors_.merge(other.tensors_);
    metadata.merge(other.metadata);
  }

  /// Equal tensors and metadata, wherever they came from.
  friend bool operator==(const Archive& a, const Archive& b) {
    return a.tensors_ == b.tensors_ && a.metadata == b.metadata;
  }

 private:
  template <std::floating_point S>
  void set_real(std::string name, std::span<const S> elements, std::vector<Index> shape, As as) {
    const DType dtype = as.dtype.value_or(dtype_of<S>);
    if (!describe(dtype).real) {
      throw RangeError("Archive.set: tensor " + json::quoted(name) + " is real, not " +
                       std::string(describe(dtype).name));
    }
    if (as.shape.empty()) as.shape = std::move(shape);
    set(std::move(name),
        Tensor{.dtype = dtype, .shape = std::move(as.shape), .bytes = encode(elements, dtype)});
  }

  std::string origin_;
  Named<Tensor> tensors_;
};

}  // namespace ttt::file
