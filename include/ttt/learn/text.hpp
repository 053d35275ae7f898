// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/matrix.hpp>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ttt {

/// A run of tokens to learn from: each is read, and each but the first is a target.
struct Text {
  std::span<const Token> tokens;           ///< [time + 1]
  std::span<const std::uint8_t> scored{};  ///< [time]; 0 leaves the target out; empty scores all
  /// [time], what each target's surprisal counts in the loss beyond its share of the mean; empty
  /// for nothing. What the inner loop learns from is not weighted by it.
  std::span<const float> emphasis{};
  float weight = 1;  ///< what the text counts in the mean over a batch

  /// The tokens that are read. \shape [time]
  [[nodiscard]] std::span<const Token> inputs() const { return tokens.first(tokens.size() - 1); }
  /// The token behind each. \shape [time]
  [[nodiscard]] std::span<const Token> targets() const { return tokens.subspan(1); }
  /// How many are read.
  [[nodiscard]] Index time() const { return static_cast<Index>(tokens.size()) - 1; }
};

/// Throws unless `text` is whole chunks of `chunk` tokens with as many marks and weights as
/// targets.
inline void expect_chunks(const std::string& operation, const Text& text, Index chunk) {
  if (text.time() < chunk || text.time() % chunk != 0) {
    throw RangeError(operation + ": text must have a positive multiple of " +
                     std::to_string(chunk) + " targets, got " +
                     std::to_string(std::max<Index>(text.time(), 0)));
  }
  if (!text.scored.empty() && static_cast<Index>(text.scored.size()) != text.time()) {
    throw ShapeError(operation + ": scored must be [" + std::to_string(text.time()) + "], got [" +
                     std::to_string(text.scored.size()) + ']');
  }
  if (!text.emphasis.empty() && static_cast<Index>(text.emphasis.size()) != text.time()) {
    throw ShapeError(operation + ": emphasis must be [" + std::to_string(text.time()) + "], got [" +
                     std::to_string(text.emphasis.size()) + ']');
  }
}

/// The share of each target in the mean over chunk `number`; 0 where it is not scored.
///
/// \shape  -> [chunk, 1]
template <class S>
[[nodiscard]] Matrix<S> shares(const Text& text, Index number, Index chunk) {
  Matrix<S> share = Matrix<S>::Ones(chunk, 1);
  if (!text.scored.empty()) {
    for (Index t = 0; t < chunk; ++t) {
      share(t, 0) = text.scored[static_cast<std::size_t>(number * chunk + t)] != 0 ? S(1) : S(0);
    }
  }
  return share / std::max(share.sum(), S(1e-10));
}

/// What the surprisal of each target of chunk `number` counts in the loss of the whole text.
///
/// \shape  share [chunk, 1], as of `shares` -> [chunk, 1]
template <class S>
[[nodiscard]] Matrix<S> loss_weights(const Text& text, Index number, const Matrix<S>& share) {
  const Index chunk = share.rows();
  const Index chunks = text.time() / chunk;
  Matrix<S> weights = share / static_cast<S>(chunks);
  if (!text.emphasis.empty()) {
    for (Index t = 0; t < chunk; ++t) {
      weights(t, 0) += static_cast<S>(text.emphasis[static_cast<std::size_t>(number * chunk + t)]);
    }
  }
  return weights;
}

}  // namespace ttt
