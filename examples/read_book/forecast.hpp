// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <string>
#include <vector>

#include "reading.hpp"
#include "support/plain_text.hpp"
#include "support/progress.hpp"

namespace reading {

/// What a run will take.
struct Forecast {
  double seconds;
  double bytes;  ///< of memory for texts and losses, beside the models
};

/// The forecast for books of so many bytes, of which the first is read once more for the question.
inline Forecast forecast(const std::vector<Index>& sizes, double seconds_per_byte, Index threads) {
  // Of a byte its token, a loss in each way, and in the first book the question's text, token and
  // loss.
  constexpr double of_byte = sizeof(Token) + ways * sizeof(float);
  constexpr double of_question = 1 + sizeof(Token) + sizeof(float);
  double readings = static_cast<double>(sizes.front());
  double bytes = of_question * static_cast<double>(sizes.front());
  for (const Index size : sizes) {
    readings += static_cast<double>(ways) * static_cast<double>(size);
    bytes += of_byte * static_cast<double>(size);
  }
  const auto longest = static_cast<double>(*std::ranges::max_element(sizes));
  return {.seconds = seconds_per_byte * std::max(readings / static_cast<double>(threads), longest),
          .bytes = bytes};
}

/// The forecast in a line. A long run is offered to be a shorter one.
inline std::string words_of(const Forecast& forecast) {
  constexpr double long_run = 600;  // seconds
  std::ostringstream words = support::plain_text();
  words << "about " << support::as_time(std::max(1.0, std::ceil(forecast.seconds)))
        << (forecast.seconds >= 3600 ? " hours" : " minutes") << " and "
        << support::with_prefix(forecast.bytes) << "B of memory beside the models";
  if (forecast.seconds >= long_run) words << "; --limit BYTES reads less";
  return words.str();
}

}  // namespace reading
