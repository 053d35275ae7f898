// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operation.hpp>
#include <ttt/shape.hpp>

#include <span>
#include <string>
#include <vector>

namespace ttt {

/// The rows of a table that tokens name.
///
/// \shape  table [vocab, width] -> [tokens, width]
/// \throws RangeError if a token is outside 0..vocab-1.
struct Embed {
  static constexpr bool remembers = true;

  std::vector<Token> tokens;  ///< rows of the table; each any number of times

  template <Array A>
  [[nodiscard]] A value(const A& table) const {
    for (const Token token : tokens) {
      if (token < 0 || token >= rows(table)) {
        throw RangeError("embed: token must be in 0.." + std::to_string(rows(table) - 1) +
                         ", got " + std::to_string(token));
      }
    }
    return linear(
        [&]<class M>(const M& m) -> M {
          M picked(static_cast<Index>(tokens.size()), m.cols());
          for (Index t = 0; t < picked.rows(); ++t) {
            picked.row(t) = m.row(tokens[static_cast<std::size_t>(t)]);
          }
          return picked;
        },
        table);
  }

  template <Array A>
  void pullback(const A& /*y*/, const A& dy, const Input<A>& table) const {
    table.add_rows(tokens, dy);
  }
};

/// The row of `table` for each token.
template <class Table>
[[nodiscard]] auto embed(const Table& table, std::span<const Token> tokens) {
  return apply(Embed{{tokens.begin(), tokens.end()}}, table);
}

static_assert(Operation<Embed>);

}  // namespace ttt
