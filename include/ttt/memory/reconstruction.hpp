// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations/add.hpp>
#include <ttt/algebra/operations/attend.hpp>

#include <vector>

namespace ttt {

/// The error when the values of tokens that leave a window are read from those that stay, with the
/// leaving tokens' own keys as queries: what will be missed.
///
///   p_tj     softmax over staying j of k_t k_j / sqrt(head), for each head
///   error_t  mean over features of (v_t - sum_j p_tj v_j)^2
///
/// Where no token stays, the sum is 0.
///
/// \shape  keys, values [time, heads * head], un-rotated, of which the first `leaving` leave
///         -> [leaving]
/// \pre    heads divides the width; 0 <= leaving <= time
/// \cost   O(leaving * time * width)
/// \source the reconstruction loss of arXiv:2603.06642; ours: attention in place of fast weights
template <Storage M>
[[nodiscard]] std::vector<double> reconstruction_errors(const M& keys, const M& values,
                                                        Index leaving, Index heads) {
  const Index staying = keys.rows() - leaving;
  const auto rows = [](const M& all, Index first, Index count) {
    return copied_rows(all, first, count);
  };
  const auto visible =
      VisibleKeys::leading(std::vector<Index>(static_cast<std::size_t>(leaving), staying));
  const M read = attend(rows(keys, 0, leaving), rows(keys, leaving, staying),
                        rows(values, leaving, staying), M{}, {heads, heads}, visible);
  const std::vector<double> missed = numbers(subtract(rows(values, 0, leaving), read));
  std::vector<double> errors(static_cast<std::size_t>(leaving));
  const auto cols = static_cast<std::size_t>(values.cols());
  for (std::size_t n = 0; n < missed.size(); ++n) {
    errors[n / cols] += missed[n] * missed[n] / static_cast<double>(cols);
  }
  return errors;
}

}  // namespace ttt
