// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/cpu/matrix.hpp>
#include <ttt/file/foreign.hpp>
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

/// An array of any rank: a row for each part of the first axis, or one row of a vector.
inline Matrix<double> rows_of(const file::Archive& archive, const std::string& name) {
  const auto shape = archive.view(name).shape();
  const Index rows = shape.size() < 2 ? 1 : shape[0];
  Index cols = 1;
  for (const Index extent : shape) cols *= extent;
  return file::foreign_array<Matrix<double>>(archive,
                                             {.theirs = name, .rows = rows, .cols = cols / rows});
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
