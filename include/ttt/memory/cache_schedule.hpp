// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/keep_score.hpp>
#include <ttt/random.hpp>

#include <cstdint>
#include <vector>

namespace ttt {

/// How caches are trained, step by step: options of the layers for PlainLoss and MetaLoss.
struct CacheSchedule {
  double keep_penalty = 0;     ///< as CacheOptions
  double peak_penalty = 0;     ///< as CacheOptions, in texts in which no target has a loss weight
  std::vector<Index> slots{};  ///< one of these is drawn anew for each step; all slots if empty
  std::uint64_t seed = 0x510754;  ///< of the draws
  double capacity_penalty = 0;    ///< as CacheOptions

  /// What holds in an outer step: the same whenever it is asked.
  template <class Model, class Text>
  [[nodiscard]] typename Model::Options at(Index step, const Text& text) const {
    CacheOptions now;
    now.keep_penalty = keep_penalty;
    now.capacity_penalty = capacity_penalty;
    now.peak_penalty = text.weighted() ? 0 : peak_penalty;
    if (!slots.empty()) {
      Random random(seed, static_cast<std::uint64_t>(step));
      now.slots = ttt::at(slots, random.below(std::ssize(slots)));
    }
    if constexpr (std::is_same_v<typename Model::Options, CacheOptions>) {
      return now;
    } else {
      return {};
    }
  }
};

}  // namespace ttt
