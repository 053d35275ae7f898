// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <numbers>
#include <span>
#include <string>
#include <vector>

namespace ttt::measure {

/// What a model paid for the tokens of one document.
struct Scored {
  std::vector<float> nats;     ///< -log p of each token given all before it, in nats
  std::vector<Index> bytes{};  ///< bytes each token stands for; empty where every token is one byte
};

/// The tokens at positions `begin` to `end - 1` of their documents, taken together.
struct Bin {
  Index begin;        ///< first position
  Index end;          ///< one past the last position
  Index tokens = 0;   ///< of all documents
  Index bytes = 0;    ///< that the tokens stand for
  double nats = 0.0;  ///< the sum

  /// NaN where there is no token.
  [[nodiscard]] double nats_per_token() const {
    return tokens > 0 ? nats / static_cast<double>(tokens)
                      : std::numeric_limits<double>::quiet_NaN();
  }
  /// NaN where there is no byte.
  [[nodiscard]] double nats_per_byte() const {
    return bytes > 0 ? nats / static_cast<double>(bytes) : std::numeric_limits<double>::quiet_NaN();
  }
  /// NaN where there is no byte.
  [[nodiscard]] double bits_per_byte() const { return nats_per_byte() / std::numbers::ln2; }

  /// Whether all members are equal.
  friend bool operator==(const Bin&, const Bin&) = default;
};

/// Where bins begin and how fast they widen.
struct LogEdges {
  Index first;           ///< end of the first bin, which begins at 0
  Index last;            ///< end of the last bin
  Index per_octave = 1;  ///< bins each time the position doubles
};

/// The edges of bins whose width grows with their position: 0, first, ..., last.
///
/// From `first` each edge is 2^(1 / per_octave) times the one before, rounded; edges that round to
/// the same position are one. `log_edges({.first = 64, .last = 512})` is 0, 64, 128, 256, 512.
///
/// \throws RangeError unless 0 < first <= last and per_octave > 0.
[[nodiscard]] inline std::vector<Index> log_edges(LogEdges wanted) {
  const auto [first, last, per_octave] = wanted;
  if (first < 1 || last < first)
    throw RangeError("log_edges: first must be in 1..last, got " + std::to_string(first) +
                     " with last " + std::to_string(last));
  if (per_octave < 1)
    throw RangeError("log_edges: per_octave must be positive, got " + std::to_string(per_octave));

  std::vector<Index> edges{0};
  for (Index i = 0; edges.back() < last; ++i) {
    const double octaves = static_cast<double>(i) / static_cast<double>(per_octave);
    const auto edge =
        static_cast<Index>(std::llround(static_cast<double>(first) * std::exp2(octaves)));
    if (edge > edges.back()) edges.push_back(std::min(edge, last));
  }
  return edges;
}

/// Gathers the loss of all documents by position; a position is an index into `Scored::nats`.
///
/// Bin i holds positions edges[i] to edges[i + 1] - 1. A longer document is read up to the last
/// edge. Sums are in double.
///
/// \shape  edges [bins + 1], strictly ascending -> [bins]
/// \throws RangeError if there are fewer than two edges, the first is negative, or they do not
///         ascend; ShapeError if a document's `bytes` are neither absent nor one for each token.
[[nodiscard]] inline std::vector<Bin> loss_by_position(std::span<const Scored> documents,
                                                       std::span<const Index> edges) {
  if (edges.size() < 2 || edges[0] < 0 ||
      std::ranges::adjacent_find(edges, std::greater_equal{}) != edges.end())
    throw RangeError("loss_by_position: edges must be two or more that ascend from 0 or later");

  std::vector<Bin> bins;
  for (std::size_t i = 1; i < edges.size(); ++i)
    bins.push_back({.begin = edges[i - 1], .end = edges[i]});

  for (const auto& [nats, bytes] : documents) {
    if (!bytes.empty() && bytes.size() != nats.size())
      throw ShapeError("loss_by_position: bytes must be [" + std::to_string(nats.size()) +
                       "], got [" + std::to_string(bytes.size()) + "]");
    for (Bin& bin : bins) {
      const Index end = std::min(bin.end, std::ssize(nats));
      for (Index position = bin.begin; position < end; ++position) {
        const auto token = static_cast<std::size_t>(position);
        ++bin.tokens;
        bin.bytes += bytes.empty() ? 1 : bytes[token];
        bin.nats += nats[token];
      }
    }
  }
  return bins;
}

}  // namespace ttt::measure
