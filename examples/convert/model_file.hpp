// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/cpu/matrix.hpp>
#include <ttt/file/foreign.hpp>
#include <ttt/model/params_file.hpp>

#include <array>
#include <span>
#include <string>
#include <vector>

#include "targets.hpp"

namespace converting {

/// The model file of a target: each tensor by the name that it has here, in float32 or as `dtype`.
/// The recipe says what model it is of, where several have such a spec.
///
/// \throws FormatError if a tensor is missing or of another shape; NumberError if an element is not
///         finite.
[[nodiscard]] inline file::Archive model_file(const Target& target, std::string_view family,
                                              const file::Archive& theirs,
                                              std::span<const file::ForeignTensor> tensors,
                                              file::DType dtype = file::DType::f32) {
  file::Archive ours;
  ours.metadata["spec"] = target.spec();
  ours.metadata["recipe"] =
      "model " + std::string(target.name) + ", converted from " + std::string(family);
  for (const file::ForeignTensor& tensor : tensors) {
    const auto array = file::foreign_array<Matrix<float>>(theirs, tensor);
    if (!is_finite(array)) {
      throw NumberError("read: " + theirs.origin() + ": tensor \"" + tensor.theirs +
                        "\" must be finite");
    }
    ours.set(tensor.ours, array, {.dtype = dtype});
  }
  return ours;
}

/// What is read, a line each: their tensor, its type, shape and layout, and ours. A tensor that is
/// not there has no line.
[[nodiscard]] inline std::string plan(const file::Archive& theirs,
                                      std::span<const file::ForeignTensor> tensors) {
  std::string lines;
  for (const file::ForeignTensor& tensor : tensors) {
    const auto found = theirs.tensors().find(tensor.theirs);
    if (found == theirs.tensors().end()) continue;
    const auto& [dtype, shape, bytes] = found->second;
    lines += tensor.theirs + ' ' + std::string(file::describe(dtype).name) + ' ' +
             file::in_words(shape) + ' ' + std::string(file::describe(tensor.layout)) + " -> " +
             tensor.ours + ' ' + file::in_words(std::array{tensor.rows, tensor.cols}) + '\n';
  }
  return lines;
}

}  // namespace converting
