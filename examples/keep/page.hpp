// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/entry.hpp>

#include <algorithm>
#include <cstddef>
#include <iomanip>
#include <map>
#include <sstream>
#include <string>
#include <string_view>

#include "support/plain_text.hpp"
#include "support/printable.hpp"
#include "support/svg_text.hpp"

/// The page that shows what is kept of a text.
namespace keeping {

using namespace ttt;

/// What the caches know of a byte.
struct Mark {
  Index caches = 0;  ///< that keep it
  Entry entry{};     ///< as one of them has it
};

/// Marks by the position of their byte.
using Marks = std::map<Index, Mark>;

/// The first characters of a text, at most `bytes` of it.
inline std::string beginning(const std::string& text, Index bytes) {
  std::size_t end = 0;
  while (end < text.size()) {
    const std::size_t next =
        end +
        std::max<std::size_t>(support::first_character(std::string_view(text).substr(end)), 1);
    if (next > static_cast<std::size_t>(bytes)) break;
    end = next;
  }
  return text.substr(0, end);
}

/// A character of a text, marked as its byte that most caches keep.
inline std::string shown(std::string_view character, Index begin, const Marks& marks,
                         Index caches) {
  auto most = marks.end();
  const Index end = begin + std::ssize(character);
  for (auto mark = marks.lower_bound(begin); mark != marks.end() && mark->first < end; ++mark) {
    if (most == marks.end() || mark->second.caches > most->second.caches) most = mark;
  }
  if (most == marks.end()) return support::escaped(character);
  const auto& [count, entry] = most->second;
  std::ostringstream out = support::plain_text();
  out << std::fixed << std::setprecision(2) << "<mark style=\"background: rgba(255, 150, 0, "
      << static_cast<double>(count) / static_cast<double>(caches) << ")\" title=\"byte "
      << most->first << ", keep score " << entry.keep << ", surprisal " << entry.surprisal
      << " nats, kept by " << count << " of " << caches << "\">" << support::escaped(character)
      << "</mark>";
  return out.str();
}

/// The page, darker where more caches keep a character; pointing at one shows what they know of it.
inline std::string html(const std::string& text, const Marks& marks, Index caches,
                        Index window_begin) {
  std::ostringstream out = support::plain_text();
  out << "<!doctype html>\n<meta charset=\"utf-8\">\n<title>What is kept of a page</title>\n"
         "<style>body { max-width: 46em; margin: 2em auto; font: 16px/1.6 monospace; "
         "white-space: pre-wrap } mark { color: inherit } .window { opacity: 0.55 }</style>\n"
      << "<p>Marked: what " << caches
      << " caches keep, darker where more of them do. Grey: the window, which is seen "
         "anyway.</p>\n";
  bool in_window = false;
  for (std::string_view rest = text; !rest.empty();) {
    const Index begin = std::ssize(text) - std::ssize(rest);
    if (!in_window && begin >= window_begin) {
      out << "<span class=\"window\">";
      in_window = true;
    }
    const auto next = rest.substr(0, std::max<std::size_t>(support::first_character(rest), 1));
    out << shown(next, begin, marks, caches);
    rest.remove_prefix(next.size());
  }
  out << (in_window ? "</span>\n" : "\n");
  return out.str();
}

}  // namespace keeping
