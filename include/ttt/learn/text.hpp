// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ttt {

/// A run of tokens to learn from: each is read, and each but the first is a target.
struct Text {
  std::span<const Token> tokens;              ///< [time + 1]
  std::span<const std::uint8_t> loss_mask{};  ///< [time]; 0 leaves the target out; empty for all
  /// [time], what each target's surprisal counts in the loss beyond its share of the mean; empty
  /// for nothing. What the inner loop learns from is not weighted by it.
  std::span<const float> loss_weight{};
  float weight = 1;  ///< what the text counts in the mean over a batch

  /// The tokens that are read. \shape [time]
  [[nodiscard]] std::span<const Token> inputs() const { return tokens.first(tokens.size() - 1); }
  /// The token behind each. \shape [time]
  [[nodiscard]] std::span<const Token> targets() const { return tokens.subspan(1); }
  /// How many are read.
  [[nodiscard]] Index time() const { return static_cast<Index>(tokens.size()) - 1; }
  /// Whether a target has a loss weight.
  [[nodiscard]] bool weighted() const {
    return std::ranges::any_of(loss_weight, [](float w) { return w > 0; });
  }
};

/// How a text is cut into chunks: the last one may be shorter.
struct Chunks {
  Index time;    ///< tokens of the text
  Index length;  ///< tokens of a chunk

  [[nodiscard]] Index count() const { return (time + length - 1) / length; }  ///< chunks
  [[nodiscard]] Index begin(Index n) const { return n * length; }             ///< of chunk n
  /// Tokens of chunk n.
  [[nodiscard]] Index size(Index n) const { return std::min(length, time - begin(n)); }
  /// What the mean over chunk n counts in the loss of the text.
  [[nodiscard]] double share(Index n) const {
    return static_cast<double>(size(n)) / static_cast<double>(time);
  }
};

/// Throws unless `text` has a target, and a mask and weights as long as its targets, and where
/// `whole` is set, whole chunks of `chunk` tokens.
inline void expect_text(const std::string& operation, const Text& text, Index chunk, bool whole) {
  const Index time = std::max<Index>(text.time(), 0);
  if (whole && (time < chunk || time % chunk != 0)) {
    throw RangeError(operation + ": text must have a positive multiple of " +
                     std::to_string(chunk) + " targets, got " + std::to_string(time));
  }
  if (time == 0) throw RangeError(operation + ": text must have a target");
  const auto expect_length = [&](const char* name, std::size_t length) {
    if (length == 0 || static_cast<Index>(length) == time) return;
    throw ShapeError(operation + ": " + name + " must be [" + std::to_string(time) + "], got [" +
                     std::to_string(length) + ']');
  };
  expect_length("loss_mask", text.loss_mask.size());
  expect_length("loss_weight", text.loss_weight.size());
}

/// The share of each target of a chunk in the mean over it; 0 where the loss mask leaves it out.
///
/// \shape  -> [size of chunk n]
[[nodiscard]] inline std::vector<double> target_shares(const Text& text, const Chunks& chunks,
                                                       Index n) {
  std::vector<double> shares(static_cast<std::size_t>(chunks.size(n)), 1);
  if (!text.loss_mask.empty()) {
    for (Index t = 0; t < chunks.size(n); ++t) {
      at(shares, t) = at(text.loss_mask, chunks.begin(n) + t) != 0 ? 1 : 0;
    }
  }
  double total = 0;
  for (const double share : shares) total += share;
  for (double& share : shares) share /= std::max(total, 1e-10);
  return shares;
}

/// What the surprisal of each target of a chunk counts in the loss of the whole text.
///
/// \shape  -> [size of chunk n]
[[nodiscard]] inline std::vector<double> target_weights(const Text& text, const Chunks& chunks,
                                                        Index n) {
  std::vector<double> weights = target_shares(text, chunks, n);
  for (Index t = 0; t < chunks.size(n); ++t) {
    at(weights, t) *= chunks.share(n);
    if (!text.loss_weight.empty()) {
      at(weights, t) += static_cast<double>(at(text.loss_weight, chunks.begin(n) + t));
    }
  }
  return weights;
}

}  // namespace ttt
