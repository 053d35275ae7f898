// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/shape.hpp>

#include <string>

/// What tests of hidden numbers are made of.
namespace haystacks {

/// Prose without a digit.
inline const std::string prose = [] {
  std::string text;
  for (int i = 0; i < 400; ++i) text += "And the people went up. They saw the city;\n";
  return text;
}();

/// How often a part stands in a text.
inline ttt::Index count(const std::string& text, const std::string& part) {
  ttt::Index found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace haystacks
