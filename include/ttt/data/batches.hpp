// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>
#include <ttt/random.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace ttt::data {

/// Sequences that are trained on together, each an input and, one token later, its targets.
using Batch = std::vector<std::vector<Token>>;

/// How much to draw.
struct BatchSize {
  Index batch;   ///< sequences
  Index length;  ///< inputs of each; a sequence has one token more
};

/// Documents from which training sequences are drawn.
///
/// The one thing that changes is the caller's Random: whoever saves its two integers and goes on
/// with them draws the same batches, bit for bit.
class Batches {
 public:
  /// \throws RangeError if no document holds a token.
  explicit Batches(std::vector<std::vector<Token>> documents) : documents_(std::move(documents)) {
    std::erase_if(documents_, [](const auto& document) { return document.empty(); });
    if (documents_.empty()) throw RangeError("Batches: documents must hold a token, got none");
    std::ranges::stable_sort(documents_, std::greater{}, std::ranges::ssize);
    for (const auto& document : documents_) ends_.push_back(tokens() + std::ssize(document));
  }

  /// Tokens in all documents.
  [[nodiscard]] Index tokens() const { return ends_.empty() ? 0 : ends_.back(); }

  /// Draws sequences of `length + 1` consecutive tokens, each independent of the others.
  ///
  /// A document is drawn in proportion to its length, among those that are long enough; then every
  /// start in it is equally likely. Two draws of `random` for each sequence.
  ///
  /// \shape  [batch, length + 1]
  /// \throws RangeError if `batch` or `length` is not positive or no document is long enough;
  ///         `random` is then untouched.
  [[nodiscard]] Batch draw(Random& random, BatchSize size) const {
    const auto [batch, length] = size;
    if (batch < 1) throw RangeError("Batches.draw: batch must be positive, got " + str(batch));
    const Index longest = std::ssize(documents_.front()) - 1;
    if (length < 1 || length > longest)
      throw RangeError("Batches.draw: length must be in 1.." + str(longest) + ", got " +
                       str(length));

    // The longest documents come first, so those that will do are a prefix.
    const auto too_short = std::ranges::partition_point(
        documents_, [&](const auto& document) { return std::ssize(document) > size.length; });
    const Index eligible = ends_[static_cast<std::size_t>(too_short - documents_.begin()) - 1];

    Batch sequences;
    for (Index i = 0; i < batch; ++i) {
      const auto drawn = std::ranges::upper_bound(ends_, random.below(eligible)) - ends_.begin();
      const auto& document = documents_[static_cast<std::size_t>(drawn)];
      const auto first = document.begin() + random.below(std::ssize(document) - length);
      sequences.emplace_back(first, first + length + 1);
    }
    return sequences;
  }

 private:
  static std::string str(Index n) { return std::to_string(n); }

  std::vector<std::vector<Token>> documents_;  // longest first
  std::vector<Index> ends_;                    // tokens up to and with each document
};

}  // namespace ttt::data
