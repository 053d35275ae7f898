// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/cpu/matrix.hpp>
#include <ttt/file/safetensors.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "laws/numbers.hpp"

namespace golden {

using namespace ttt;
using laws::disagreement;

/// Agreement with arrays that PyTorch made in double precision, relative to the largest entry of
/// each.
template <class S>
struct PyTorchTolerance {
  double values;
  double gradients;
};
template <class S>
inline constexpr PyTorchTolerance<S> pytorch_tolerance{1e-12, 1e-12};
/// Single precision keeps seven digits.
template <>
inline constexpr PyTorchTolerance<float> pytorch_tolerance<float>{1e-5, 1e-4};

inline file::Archive read(const std::string& family, const std::string& file) {
  return file::read(TTT_TEST_DATA "/" + family + "/" + file + ".safetensors");
}

inline std::vector<Token> tokens_of(const file::Archive& archive, const char* name) {
  const auto wide = archive.integers(name);
  return {wide.begin(), wide.end()};
}

/// A whole number among the settings of a file.
inline Index setting(const file::Archive& archive, const std::string& name) {
  const std::string& all = archive.text("spec");
  const std::string key = "\"" + name + "\": ";
  const auto found = all.find(key);
  REQUIRE(found != std::string::npos);
  return std::stol(all.substr(found + key.size()));
}

inline void append_elements(std::vector<double>& elements, const file::TensorView& view) {
  if (view.shape().size() > 2) {
    for (Index n = 0; n < view.shape()[0]; ++n) append_elements(elements, view.slice(n));
    return;
  }
  const auto part = view.matrix<double>();
  elements.insert(elements.end(), part.data(), part.data() + part.size());
}

/// An array of any rank, its elements in their order, as a matrix of `rows` rows.
inline Matrix<double> with_rows(const file::TensorView& view, Index rows) {
  std::vector<double> elements;
  append_elements(elements, view);
  return Eigen::Map<const Matrix<double>>(elements.data(), rows, std::ssize(elements) / rows);
}

/// A sequence [time, ...], a row for each token.
inline Matrix<double> sequence(const file::Archive& archive, const std::string& name) {
  const auto view = archive.view(name);
  return with_rows(view, view.shape()[0]);
}

/// The weight of an nn.Linear, [out, in], as [in, out]; of several rows of it.
inline Matrix<double> linear(const file::Archive& archive, const std::string& name) {
  return archive.matrix<double>(name).transpose();
}

/// The weight of a depthwise convolution, [channels, 1, taps] with the present token's last, as
/// [taps, channels] with the present token's first.
inline Matrix<double> taps(const file::Archive& archive, const std::string& name) {
  return sequence(archive, name).rowwise().reverse().transpose();
}

/// A stack of matrices, one for each head, side by side as they stand or each transposed.
inline Matrix<double> heads_beside(const file::TensorView& stack, bool transposed) {
  const Index heads = stack.shape()[0];
  const Index rows = stack.shape()[transposed ? 2 : 1];
  const Index cols = stack.shape()[transposed ? 1 : 2];
  Matrix<double> beside(rows, heads * cols);
  for (Index h = 0; h < heads; ++h) {
    const Matrix<double> one = stack.slice(h).matrix<double>();
    auto place = beside.middleCols(h * cols, cols);
    if (transposed) {
      place = one.transpose();
    } else {
      place = one;
    }
  }
  return beside;
}

/// Of the last inputs of a convolution, [channels, taps], those that the next token still sees, as
/// [taps - 1, channels].
inline Matrix<double> past(const file::TensorView& inputs) {
  const auto all = inputs.matrix<double>();
  return all.rightCols(all.cols() - 1).transpose();
}

}  // namespace golden
