// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The parts of the program `generate`.
namespace generating {

/// Ends a text that comes piece by piece before the first of several stops in it. Of what came, the
/// end that a stop could begin with is held back.
class Stops {
 public:
  /// \throws RangeError if a stop is empty.
  explicit Stops(std::vector<std::string> stops) : stops_(std::move(stops)) {
    if (std::ranges::any_of(stops_, &std::string::empty)) {
      throw ttt::RangeError("--stop must hold a byte, got none");
    }
  }

  /// Adds to the text; returns what of it is certain by now to stand before every stop.
  std::string pass(std::string_view more) {
    if (reached_) return {};
    held_ += more;
    std::size_t end = std::string::npos;
    for (const std::string& stop : stops_) end = std::min(end, held_.find(stop));
    reached_ = end != std::string::npos;
    std::string passed = held_.substr(0, reached_ ? end : held_.size() - beginning_of_a_stop());
    held_.erase(0, reached_ ? std::string::npos : passed.size());
    return passed;
  }

  /// What is held back, now that nothing more comes.
  std::string rest() { return std::exchange(held_, {}); }

  /// Whether the text has come to a stop.
  [[nodiscard]] bool reached() const { return reached_; }

 private:
  /// Bytes at the end of what is held that are the beginning of a stop.
  [[nodiscard]] std::size_t beginning_of_a_stop() const {
    std::size_t longest = 0;
    for (const std::string& stop : stops_) {
      for (std::size_t n = std::min(stop.size() - 1, held_.size()); n > longest; --n) {
        if (held_.ends_with(std::string_view(stop).substr(0, n))) longest = n;
      }
    }
    return longest;
  }

  std::vector<std::string> stops_;
  std::string held_;
  bool reached_ = false;
};

}  // namespace generating
