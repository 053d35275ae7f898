// SPDX-License-Identifier: Apache-2.0
#include "contenders.hpp"

namespace needles {

namespace {

/// The shipped model, under a policy that need not read the keep scores that it has.
template <class... Policies>
using Under = models::BookkeeperWith<signal::KeepScore, Policies...>;
/// Under a cache that was published.
template <class Kept>
using Storing = models::Recaller<preset::bookkeeper, Attend<Window, Kept>>;
/// Its signal is its own: scores would decide where signals are equal.
using SnapKv = published::SnapKv<128, evict::InOrder<evict::WeakestSignal, evict::LowestKeepScore>>;

}  // namespace

std::vector<Contender> with_policies(const std::filesystem::path& file, const Reading& reading) {
  using Keep = Under<evict::LowestKeepScore>;
  return {contender<Keep>("keep", file, reading),
          contender<Under<evict::LeastSurprising>>("surprisal", file, reading),
          contender<Under<evict::Oldest>>("oldest", file, reading),
          contender<Under<evict::Random>>("random", file, reading),
          contender<Under<evict::LeastAttendedOnAverage>>("least_attended", file, reading),
          contender<Under<evict::LeastRecentlyAttended>>("least_recent", file, reading),
          contender<Storing<published::StreamingLlm<128, signal::KeepScore>>>("streaming_llm", file,
                                                                              reading),
          contender<Storing<published::H2o<128, signal::KeepScore>>>("h2o", file, reading),
          contender<Storing<published::Tova<128, signal::KeepScore>>>("tova", file, reading),
          contender<Storing<SnapKv>>("snap_kv", file, reading),
          contender<Keep>("oracle", file, reading, Forced::value),
          contender<Under<admit::None>>("window", file, reading)};
}

}  // namespace needles
