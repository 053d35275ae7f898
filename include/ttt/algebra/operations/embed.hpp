// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations/rows.hpp>

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace ttt {

/// The rows of a table that tokens name.
///
/// \shape  table [vocab, width] -> [tokens, width]
/// \throws RangeError if a token is outside 0..vocab-1.
template <class Table>
[[nodiscard]] auto embed(const Table& table, std::span<const Token> tokens) {
  return apply(
      ChooseRows{
          .chosen = {tokens.begin(), tokens.end()}, .operation = "embed", .argument = "token"},
      table);
}

}  // namespace ttt
