// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace ttt {

/// What a gradient of this norm is multiplied by, so that it is no longer than `max_norm`; 0 leaves
/// every norm as it is.
[[nodiscard]] constexpr double clip_scale(double max_norm, double norm) {
  return max_norm > 0 && norm >= max_norm ? max_norm / norm : 1.0;
}

}  // namespace ttt
