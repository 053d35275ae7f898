// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations/rows.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace ttt {

/// What `read` returns for `time` tokens, read at most `chunk` at a time, in their order: it is
/// called with a function that takes, of an array of all tokens, the rows of the chunk.
///
///   read_in_chunks<X>(time, chunk, [&](const auto& part) { return f(state, part(q), part(k)); })
///
/// \pre    time > 0, chunk > 0
template <class X, class Read>
[[nodiscard]] X read_in_chunks(Index time, Index chunk, const Read& read) {
  std::vector<X> results;
  results.reserve(static_cast<std::size_t>((time + chunk - 1) / chunk));
  for (Index at = 0; at < time; at += chunk) {
    const Index count = std::min(chunk, time - at);
    results.push_back(
        read([&](const X& all) { return count == time ? all : take_rows(all, at, count); }));
  }
  return append_all(std::move(results));
}

}  // namespace ttt
