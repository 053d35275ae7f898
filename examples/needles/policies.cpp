// SPDX-License-Identifier: Apache-2.0
#include "contenders.hpp"

namespace needles {

namespace {

/// The shipped model, under a policy that need not read the keep scores that it has.
template <class... Policies>
using Under = models::BookkeeperWith<signal::KeepScore, Policies...>;

}  // namespace

std::vector<Contender> with_policies(const std::filesystem::path& file, const Reading& reading) {
  using Keep = Under<evict::LowestKeepScore>;
  return {contender<Keep>("keep", file, reading),
          contender<Under<evict::LeastSurprising>>("surprisal", file, reading),
          contender<Under<evict::Oldest>>("oldest", file, reading),
          contender<Under<evict::Random>>("random", file, reading),
          contender<Under<evict::LeastAttendedOnAverage>>("least_attended", file, reading),
          contender<Under<evict::LeastRecentlyAttended>>("least_recent", file, reading),
          contender<Keep>("oracle", file, reading, Forced::value),
          contender<Under<admit::None>>("window", file, reading)};
}

}  // namespace needles
