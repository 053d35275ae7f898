// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/cpu/matrix.hpp>

#include <cmath>
#include <cstddef>
#include <vector>

/// What is done with the row of one token.
namespace reference {

using ttt::Index;
using Array = ttt::Matrix<double>;
using Row = std::vector<double>;

/// x A
inline Row times(const Row& x, const Array& a) {
  Row y(static_cast<std::size_t>(a.cols()), 0.0);
  for (Index i = 0; i < a.rows(); ++i) {
    for (Index j = 0; j < a.cols(); ++j) ttt::at(y, j) += ttt::at(x, i) * a(i, j);
  }
  return y;
}

/// w (x - mean) / sqrt(variance + 1e-5) + b of one group
inline Row normed(const Row& x, const Array& w, const Array& b) {
  const auto size = static_cast<double>(x.size());
  double mean = 0;
  for (const double e : x) mean += e / size;
  double variance = 0;
  for (const double e : x) variance += (e - mean) * (e - mean) / size;
  Row y;
  for (Index i = 0; i < std::ssize(x); ++i) {
    y.push_back(w(0, i) * (ttt::at(x, i) - mean) / std::sqrt(variance + 1e-5) + b(0, i));
  }
  return y;
}

/// Element i and element i + size / 2 turned by position * 10000^(-2 i / size).
inline Row turned(const Row& x, Index position) {
  Row y = x;
  const std::size_t half = x.size() / 2;
  for (std::size_t i = 0; i < half; ++i) {
    const double angle = static_cast<double>(position) *
                         std::pow(10000.0, -static_cast<double>(i) / static_cast<double>(half));
    y[i] = x[i] * std::cos(angle) - x[i + half] * std::sin(angle);
    y[i + half] = x[i + half] * std::cos(angle) + x[i] * std::sin(angle);
  }
  return y;
}

/// Part h of a row of equal parts.
inline Row part_of(const Row& x, Index h, Index size) {
  return {x.begin() + h * size, x.begin() + (h + 1) * size};
}

}  // namespace reference
