// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>
#include <ttt/random.hpp>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <numeric>
#include <span>
#include <string>
#include <vector>

namespace ttt {

/// Chooses the next token from the logits of all.
///
/// \law in range  the result is in 0..vocab-1
template <class C>
concept Sampler = requires(C& choose, std::span<const double> logits) {
  { choose(logits) } -> std::same_as<Token>;
};

/// The most probable token; the first of equals.
struct Greedy {
  /// \shape  logits [vocab]
  [[nodiscard]] Token operator()(std::span<const double> logits) const {
    return static_cast<Token>(std::ranges::max_element(logits) - logits.begin());
  }
};

/// Draws from the most probable tokens that together reach a probability p.
///
/// \law plain   with p and temperature 1, a token is drawn with its probability
/// \law greedy  as p or the temperature goes to 0, the most probable token is drawn
/// \source Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration", arXiv:1904.09751
class Nucleus {
 public:
  /// From what to draw.
  struct Options {
    double p = 1;            ///< in (0, 1]; 1 draws from all
    double temperature = 1;  ///< positive; divides the logits
    std::uint64_t seed = 1;  ///< of the draws
  };

  /// \throws RangeError if p or temperature is out of range.
  explicit Nucleus(Options options) : options_(options), random_(options.seed) {
    if (!(options.p > 0 && options.p <= 1)) {
      throw RangeError("Nucleus: p must be in (0, 1], got " + std::to_string(options.p));
    }
    if (!(options.temperature > 0)) {
      throw RangeError("Nucleus: temperature must be positive, got " +
                       std::to_string(options.temperature) + "; Greedy is the limit at 0");
    }
  }

  /// \shape  logits [vocab]
  /// \cost   sorts the vocabulary; one random number
  [[nodiscard]] Token operator()(std::span<const double> logits) {
    const double largest = *std::ranges::max_element(logits);
    std::vector<double> weights;
    weights.reserve(logits.size());
    for (const double logit : logits) {
      weights.push_back(std::exp((logit - largest) / options_.temperature));
    }
    std::vector<std::size_t> order(weights.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, std::greater{}, [&](std::size_t i) { return weights[i]; });

    const double wanted = options_.p * std::accumulate(weights.begin(), weights.end(), 0.0);
    std::size_t kept = 0;
    double mass = 0;
    while (kept < order.size() && (kept == 0 || mass < wanted)) mass += weights[order[kept++]];
    double left = random_.uniform() * mass;
    for (std::size_t i = 0; i + 1 < kept; ++i) {
      left -= weights[order[i]];
      if (left < 0) return static_cast<Token>(order[i]);
    }
    return static_cast<Token>(order[kept - 1]);
  }

 private:
  Options options_;
  Random random_;
};

/// Draws from the most probable tokens that together reach the probability `p`.
[[nodiscard]] inline Nucleus top_p(double p, std::uint64_t seed) {
  return Nucleus({.p = p, .seed = seed});
}

/// Draws from all tokens, with logits divided by `temperature`.
[[nodiscard]] inline Nucleus with_temperature(double temperature, std::uint64_t seed) {
  return Nucleus({.temperature = temperature, .seed = seed});
}

static_assert(Sampler<Greedy> && Sampler<Nucleus>);

}  // namespace ttt
