// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>
#include <ttt/measure/interval.hpp>

#include <algorithm>
#include <cmath>
#include <string>

namespace ttt::measure {

/// Bounds a proportion of which `successes` were seen in `trials`; honest at 0 and at 1.
///
///   centre (p + z^2 / 2n) / (1 + z^2 / n),  half width z sqrt(p (1 - p) / n + z^2 / 4n^2) / (same)
///
/// \throws RangeError unless 0 <= successes <= trials and trials > 0.
/// \source Wilson 1927, "Probable Inference, the Law of Succession, and Statistical Inference";
///         z = 1.96 is 95 % confidence
[[nodiscard]] inline Interval wilson(Index successes, Index trials, double z = 1.96) {
  if (trials < 1 || successes < 0 || successes > trials)
    throw RangeError("wilson: successes must be in 0..trials with trials positive, got " +
                     std::to_string(successes) + " of " + std::to_string(trials));
  const auto n = static_cast<double>(trials);
  const double p = static_cast<double>(successes) / n;
  const double scale = 1.0 + z * z / n;
  const double centre = (p + z * z / (2.0 * n)) / scale;
  const double half = z * std::sqrt(p * (1.0 - p) / n + z * z / (4.0 * n * n)) / scale;
  return {.lower = std::max(0.0, centre - half), .upper = std::min(1.0, centre + half)};
}

/// Probability that two equally good models disagree at least so unevenly on the same samples.
///
/// `only_first` samples were right by the first model alone, `only_second` by the second alone;
/// samples on which both agree say nothing. Two-sided, exact:
///
///   p = min(1, 2 sum_{i <= min(b, c)} C(b + c, i) / 2^(b + c))
///
/// \throws RangeError if a count is negative.
/// \source McNemar 1947, "Note on the Sampling Error of the Difference Between Correlated
///         Proportions", in the exact binomial form
[[nodiscard]] inline double mcnemar(Index only_first, Index only_second) {
  const Index fewer = std::min(only_first, only_second);
  if (fewer < 0)
    throw RangeError("mcnemar: counts must not be negative, got " + std::to_string(fewer));

  // The largest term through logarithms, since 2^n overflows; the others from it by ratios.
  const auto n = static_cast<double>(only_first + only_second);
  double i = static_cast<double>(fewer);
  double term = std::exp(std::lgamma(n + 1.0) - std::lgamma(i + 1.0) - std::lgamma(n - i + 1.0) -
                         n * std::log(2.0));
  double sum = 0.0;
  while (i >= 0.0) {
    sum += term;
    term *= i / (n - i + 1.0);
    i -= 1.0;
  }
  return std::min(1.0, 2.0 * sum);
}

}  // namespace ttt::measure
