// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/matrix.hpp>
#include <ttt/random.hpp>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <numeric>
#include <string>
#include <vector>

namespace ttt {

/// Chooses the next token from a row of logits.
///
/// \law in range  the result is in 0..vocab-1
template <class C>
concept Sampler = requires(C& choose, const Matrix<float>& logits) {
  { choose(logits) } -> std::same_as<Token>;
};

/// The most probable token; the first of equals.
struct Greedy {
  /// \shape  logits [1, vocab]
  template <class S>
  [[nodiscard]] Token operator()(const Matrix<S>& logits) const {
    Index best = 0;
    logits.row(0).maxCoeff(&best);
    return static_cast<Token>(best);
  }
};

/// Draws from the most probable tokens that together reach a share of the probability.
///
/// \source Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration", arXiv:1904.09751
class Nucleus {
 public:
  /// From what to draw.
  struct Options {
    double share = 1;        ///< in (0, 1]; 1 draws from all
    double temperature = 1;  ///< positive; divides the logits
    std::uint64_t seed = 1;  ///< of the draws
  };

  /// \throws RangeError if share or temperature is out of range.
  explicit Nucleus(Options options) : options_(options), random_(options.seed) {
    if (!(options.share > 0 && options.share <= 1)) {
      throw RangeError("Nucleus: share must be in (0, 1], got " + std::to_string(options.share));
    }
    if (!(options.temperature > 0)) {
      throw RangeError("Nucleus: temperature must be positive, got " +
                       std::to_string(options.temperature));
    }
  }

  /// \shape  logits [1, vocab]
  /// \cost   sorts the vocabulary; one random number
  template <class S>
  [[nodiscard]] Token operator()(const Matrix<S>& logits) {
    const double largest = static_cast<double>(logits.maxCoeff());
    std::vector<double> weights(static_cast<std::size_t>(logits.cols()));
    for (std::size_t i = 0; i < weights.size(); ++i) {
      weights[i] = std::exp((static_cast<double>(logits(0, static_cast<Index>(i))) - largest) /
                            options_.temperature);
    }
    std::vector<std::size_t> order(weights.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, std::greater{}, [&](std::size_t i) { return weights[i]; });

    const double wanted = options_.share * std::accumulate(weights.begin(), weights.end(), 0.0);
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

/// Draws from the most probable tokens that together reach `share`.
[[nodiscard]] inline Nucleus top_p(double share, std::uint64_t seed) {
  return Nucleus({.share = share, .seed = seed});
}

/// Draws from all tokens, with logits divided by `degree`.
[[nodiscard]] inline Nucleus temperature(double degree, std::uint64_t seed) {
  return Nucleus({.temperature = degree, .seed = seed});
}

static_assert(Sampler<Greedy> && Sampler<Nucleus>);

}  // namespace ttt
