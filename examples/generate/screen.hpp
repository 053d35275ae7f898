// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>

#include "support/printable.hpp"

namespace generating {

/// Shows a text as it comes, in whole characters, escaped where a terminal could obey it.
class Screen {
 public:
  explicit Screen(std::ostream& out) : out_(out) {}

  void write(std::string_view more) {
    pending_ += more;
    while (!pending_.empty()) {
      const std::size_t length = support::first_character(pending_);
      if (length == 0 && pending_.size() < longest_character) break;  // it may become one
      show(std::max<std::size_t>(length, 1));
    }
    out_ << std::flush;
  }

  /// Shows what is left of the text, and ends the line.
  void end() {
    show(pending_.size());
    out_ << std::endl;
  }

 private:
  static constexpr std::size_t longest_character = 4;  // bytes

  void show(std::size_t bytes) {
    out_ << support::printable(std::string_view(pending_).substr(0, bytes));
    pending_.erase(0, bytes);
  }

  std::ostream& out_;
  std::string pending_;
};

}  // namespace generating
