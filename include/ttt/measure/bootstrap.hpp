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

/// One document, scored by one model.
struct Sample {
  double value;   ///< mean loss; any unit, the same for all
  double weight;  ///< what the mean is over: its tokens, or its bytes for a loss per byte
};

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

/// The mean over documents, and how far it could be from that of others like them.
struct Mean {
  double mean;        ///< of the values, by weight
  Interval interval;  ///< percentile bootstrap
};

/// How far two models are apart.
struct Difference {
  double mean;        ///< of first - second; negative where the first model is better
  Interval interval;  ///< percentile bootstrap
};

namespace detail {

/// bootstrap, in the name of `operation`.
[[nodiscard]] inline Mean bootstrapped(const char* operation, const char* what,
                                       std::span<const Sample> samples,
                                       const BootstrapOptions& options) {
  const auto expect = [&](bool condition, const std::string& rule) {
    if (!condition) throw RangeError(std::string(operation) + ": " + rule);
  };
  expect(!samples.empty(), std::string(what) + " must be one or more, got none");
  expect(std::ranges::all_of(samples, [](const Sample& sample) { return sample.weight > 0.0; }),
         "weight must be positive");
  expect(options.resamples > 0, "resamples must be positive");
  expect(options.confidence > 0.0 && options.confidence < 1.0,
         "confidence must be between 0 and 1");

  const auto count = std::ssize(samples);
  const auto mean = [&](auto document) {
    double sum = 0.0;
    double weights = 0.0;
    for (Index i = 0; i < count; ++i) {
      const auto& [value, weight] = samples[static_cast<std::size_t>(document(i))];
      sum += weight * value;
      weights += weight;
    }
    return sum / weights;
  };

  Random random(options.seed);
  std::vector<double> means;
  means.reserve(static_cast<std::size_t>(options.resamples));
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

}  // namespace detail

/// Measures how well a model does on documents.
///
/// Documents are resampled, not tokens: the tokens of one document depend on each other. A document
/// weighs as much as it has tokens, so that the mean is the loss of the corpus:
///
///   mean = sum_d weight_d value_d / sum_d weight_d
///
/// An end of the interval is a percentile of the resampled means, linear between ranks.
///
/// \throws RangeError if there is no sample, a weight is not positive, `resamples` is not positive
///         or `confidence` is not between 0 and 1.
/// \cost   O(resamples * samples)
/// \source Efron and Tibshirani 1993, "An Introduction to the Bootstrap", sec. 13.3
[[nodiscard]] inline Mean bootstrap(std::span<const Sample> samples,
                                    const BootstrapOptions& options = {}) {
  return detail::bootstrapped("bootstrap", "samples", samples, options);
}

/// Measures how far two models differ on the same documents: bootstrap of
///
///   value_d = first_d - second_d
///
/// whose mean is the difference of the two corpus losses.
///
/// \throws RangeError as bootstrap, of pairs.
/// \cost   O(resamples * pairs)
[[nodiscard]] inline Difference paired_bootstrap(std::span<const Pair> pairs,
                                                 const BootstrapOptions& options = {}) {
  std::vector<Sample> samples;
  samples.reserve(pairs.size());
  for (const auto& [first, second, weight] : pairs) samples.push_back({first - second, weight});
  const auto [mean, interval] = detail::bootstrapped("paired_bootstrap", "pairs", samples, options);
  return {.mean = mean, .interval = interval};
}

}  // namespace ttt::measure
