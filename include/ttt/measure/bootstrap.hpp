// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>
#include <ttt/measure/interval.hpp>
#include <ttt/random.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ttt::measure {

/// One document, scored by two models.
struct Pair {
  double first;   ///< mean loss of the first model; any unit, the same for both
  double second;  ///< mean loss of the second
  double weight;  ///< what the means are over: its tokens, or its bytes for a loss per byte
};

/// How sure to be, and at what cost.
struct BootstrapOptions {
  Index resamples = 10000;   ///< each of as many documents as there are
  double confidence = 0.95;  ///< of the interval
  std::uint64_t seed = 1;    ///< of the resampling
};

/// How far two models are apart.
struct Difference {
  double mean;        ///< of first - second; negative where the first model is better
  Interval interval;  ///< percentile bootstrap
};

/// Measures how far two models differ on the same documents.
///
/// Documents are resampled, not tokens: the tokens of one document depend on each other. A document
/// weighs as much as it has tokens, so that the mean is the difference of the two corpus losses:
///
///   mean = sum_d weight_d (first_d - second_d) / sum_d weight_d
///
/// An end of the interval is a percentile of the resampled means, linear between ranks.
///
/// \throws RangeError if there is no pair, a weight is not positive, `resamples` is not positive or
///         `confidence` is not between 0 and 1.
/// \cost   O(resamples * pairs)
/// \source Efron and Tibshirani 1993, "An Introduction to the Bootstrap", sec. 13.3
[[nodiscard]] inline Difference paired_bootstrap(std::span<const Pair> pairs,
                                                 BootstrapOptions options = {}) {
  const auto expect = [](bool condition, const char* rule) {
    if (!condition) throw RangeError(std::string("paired_bootstrap: ") + rule);
  };
  expect(!pairs.empty(), "pairs must be one or more, got none");
  expect(std::ranges::all_of(pairs, [](const Pair& pair) { return pair.weight > 0.0; }),
         "weight must be positive");
  expect(options.resamples > 0, "resamples must be positive");
  expect(options.confidence > 0.0 && options.confidence < 1.0,
         "confidence must be between 0 and 1");

  const auto count = std::ssize(pairs);
  const auto mean = [&](auto document) {
    double sum = 0.0;
    double weights = 0.0;
    for (Index i = 0; i < count; ++i) {
      const auto& [first, second, weight] = pairs[static_cast<std::size_t>(document(i))];
      sum += weight * (first - second);
      weights += weight;
    }
    return sum / weights;
  };

  Random random(options.seed);
  std::vector<double> means;
  for (Index i = 0; i < options.resamples; ++i)
    means.push_back(mean([&](Index) { return random.below(count); }));
  std::ranges::sort(means);

  const auto percentile = [&](double fraction) {
    const double rank = fraction * static_cast<double>(means.size() - 1);
    const auto below = static_cast<std::size_t>(rank);
    const auto above = std::min(below + 1, means.size() - 1);
    return std::lerp(means[below], means[above], rank - std::floor(rank));
  };
  const double tail = (1.0 - options.confidence) / 2.0;
  return {.mean = mean([](Index i) { return i; }),
          .interval = {.lower = percentile(tail), .upper = percentile(1.0 - tail)}};
}

}  // namespace ttt::measure
