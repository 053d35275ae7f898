// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace ttt {

/// The number below which a share of the others lies; between two of them, on the line that joins
/// them.
///
/// \pre numbers is not empty, percent in 0..100
[[nodiscard]] inline double percentile(std::span<const double> numbers, double percent) {
  std::vector<double> sorted(numbers.begin(), numbers.end());
  std::ranges::sort(sorted);
  const double place = percent / 100 * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

/// What a PercentileFilter says of a window.
struct Flagged {
  double threshold = 0;           ///< which the window's losses were held against
  std::vector<bool> above;        ///< [time], whether a token's loss is above the threshold
  std::vector<bool> tokens;       ///< [time], whether besides its part of the window surprises
  std::vector<double> part_mean;  ///< [time], of the part that the token is in
};

/// Flags the tokens of a window that surprise more than is usual, in parts that do.
///
///   tau     = P                                at the first window
///           = decay tau + (1 - decay) P        P the percentile of the window's losses
///   flagged = loss_t > tau  and  sum of the part's losses / part > share tau
///
/// A part that the end of the window cuts short is still divided by the whole length.
///
/// The filter has no state of its own: the threshold before belongs to the caller.
///
/// \source arXiv:2603.06642, second version, and its code
struct PercentileFilter {
  double percent = 95;  ///< of a window's tokens are usual
  double decay = 0.9;   ///< what of the threshold is kept from window to window
  double share = 0.8;   ///< of the threshold that a part's mean must exceed
  Index part = 16;      ///< tokens

  /// \shape  losses [time], time > 0; no threshold before the first window
  [[nodiscard]] Flagged operator()(std::span<const double> losses,
                                   std::optional<double> before) const {
    Flagged result;
    const double here = percentile(losses, percent);
    result.threshold = before ? decay * *before + (1 - decay) * here : here;
    const auto whole = static_cast<std::size_t>(part);
    for (std::size_t first = 0; first < losses.size(); first += whole) {
      const auto members = losses.subspan(first, std::min(whole, losses.size() - first));
      double mean = 0;
      for (const double loss : members) mean += loss;
      mean /= static_cast<double>(part);
      for (const double loss : members) {
        result.above.push_back(loss > result.threshold);
        result.tokens.push_back(result.above.back() && mean > share * result.threshold);
        result.part_mean.push_back(mean);
      }
    }
    return result;
  }
};

}  // namespace ttt
