// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/shape.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "models.hpp"
#include "support/machine.hpp"

/// Books, and what came of reading them.
namespace reading {

using namespace ttt;
using models::settled;

/// A text, from its beginning.
struct Book {
  std::string title;
  std::vector<Token> tokens;
};

/// One reading of one book. Where a memory was read on from, what it had read has no surprisal.
struct Reading {
  std::vector<float> nats;
  Index began = 0;  ///< byte that it began with
  double seconds = 0;
  Index bytes = 0;  ///< of memory, at the end

  [[nodiscard]] double tokens_per_second() const {
    return static_cast<double>(std::ssize(nats) - began) / seconds;
  }

  /// The mean over bytes first .. end - 1.
  [[nodiscard]] double mean(Index first, Index end) const {
    double sum = 0;
    for (Index t = first; t < end; ++t)
      sum += static_cast<double>(nats[static_cast<std::size_t>(t)]);
    return sum / static_cast<double>(end - first);
  }
};

/// The ways of reading a book. Tables and plots have these names, reports the keys.
enum Way : std::size_t { learning, frozen, plain_window, plain_learning, ways };
inline constexpr std::array<const char*, ways> way_names{"learning", "frozen", "plain window",
                                                         "plain, learning"};
inline constexpr std::array<const char*, ways> way_keys{"learning", "frozen", "plain_window",
                                                        "plain_learning"};

/// One book, read in every way.
using Readings = std::array<Reading, ways>;

/// Reads the tokens behind the session's position, a piece at a time.
template <class Reader, class Show>
Reading read(Reader& session, const std::vector<Token>& tokens, Show&& show) {
  const support::Stopwatch watch;
  Reading reading{.nats = {}, .began = session.position()};
  reading.nats.reserve(tokens.size());
  reading.nats.assign(static_cast<std::size_t>(session.position()),
                      std::numeric_limits<float>::quiet_NaN());
  for (auto rest = std::span(tokens).subspan(reading.nats.size()); !rest.empty();) {
    const auto piece = rest.first(std::min<std::size_t>(rest.size(), 1024));
    const std::vector<float> nats = session.read(piece);
    reading.nats.insert(reading.nats.end(), nats.begin(), nats.end());
    rest = rest.subspan(piece.size());
    show(piece.size());
  }
  reading.seconds = watch.seconds();
  reading.bytes = session.bytes();
  return reading;
}

}  // namespace reading
