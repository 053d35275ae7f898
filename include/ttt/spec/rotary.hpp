// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/types.hpp>

namespace ttt {

/// Which two elements of a head turn together under rotary positions.
enum class RotaryPairs {
  interleaved,  ///< neighbours: 0 and 1, 2 and 3, ...
  half_split,   ///< one from each half: 0 and head/2, 1 and head/2 + 1, ...
};

/// How positions turn queries and keys.
struct Rotary {
  RotaryPairs pairs = RotaryPairs::interleaved;  ///< which elements turn together
  Index base = 10000;                            ///< \source arXiv:2104.09864

  /// Whether all members are equal.
  friend constexpr bool operator==(const Rotary&, const Rotary&) = default;
};

}  // namespace ttt
