// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/data/bytes.hpp>
#include <ttt/memory/entry.hpp>
#include <ttt/model/sampler.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "caches.hpp"
#include "needles.hpp"

namespace recall {

using namespace ttt;

/// What came of asking for one value.
struct Outcome {
  std::string answer;      ///< as generated, as many bytes as the value has
  bool exact = false;      ///< whether it is the value
  Index right = 0;         ///< bytes of it that are the value's
  Index memory_bytes = 0;  ///< of the memory, when the question has been read; 0 if not counted
  double contained = 0;    ///< share of the value's bytes that are then in the window or, on
                           ///< average over the blocks that cache, in the cache
  double addressed =
      std::numeric_limits<double>::quiet_NaN();  ///< attention of one query of the
                                                 ///< answer to all cached bytes of the value, the
                                                 ///< mean over heads, in the block where it is
                                                 ///< largest; NaN if none is cached
};

namespace detail {

/// How many entries stand at positions first .. first + count - 1, and the attention they received.
struct Found {
  Index entries = 0;
  double attended = 0;
};

template <class Memory>
[[nodiscard]] std::vector<Found> find(const Memory& memory, Index first, Index count) {
  std::vector<Found> blocks;
  for_each_cache(memory, [&](const Metadata<Entry>& entries) {
    Found found;
    for (const Entry& entry : entries) {
      if (entry.position < first || entry.position >= first + count) continue;
      ++found.entries;
      found.attended += entry.attended;
    }
    blocks.push_back(found);
  });
  return blocks;
}

}  // namespace detail

/// Lets a session that has read the question answer it, byte by byte, with its likeliest choice.
///
/// `value_begin` is the byte of the text at which the needle's value begins; `window` the tokens
/// that the queries of the session see besides a cache.
///
/// \source the protocol of the second version of arXiv:2603.06642: by generation, never under the
///         true prefix
template <class Session>
[[nodiscard]] Outcome ask(Session session, const recall::Secret& secret, Index value_begin,
                          Index window) {
  const auto count = static_cast<Index>(secret.value.size());
  const Index in_window =
      std::clamp<Index>(value_begin + count - (session.position() + 1 - window), 0, count);
  const auto out_of_window = detail::find(session.state().memory, value_begin, count - in_window);
  const auto before = detail::find(session.state().memory, value_begin, count);
  Outcome outcome{.answer = {}, .memory_bytes = session.bytes()};
  outcome.answer = data::text(session.generate(count, Greedy{}));
  const auto after = detail::find(session.state().memory, value_begin, count);

  double held = static_cast<double>(in_window);
  for (std::size_t block = 0; block < before.size(); ++block) {
    held += static_cast<double>(out_of_window[block].entries) / static_cast<double>(before.size());
    if (before[block].entries == 0 || after[block].entries < before[block].entries) continue;
    const double mass =
        (after[block].attended - before[block].attended) / static_cast<double>(count);
    outcome.addressed = outcome.addressed >= mass ? outcome.addressed : mass;
  }
  outcome.contained = held / static_cast<double>(count);
  for (std::size_t n = 0; n < secret.value.size(); ++n) {
    outcome.right += outcome.answer[n] == secret.value[n] ? 1 : 0;
  }
  outcome.exact = outcome.answer == secret.value;
  return outcome;
}

}  // namespace recall
