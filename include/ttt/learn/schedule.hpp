// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ttt {

/// A learning rate that rises in a line to its peak, then falls along half a cosine.
struct WarmupCosine {
  double peak = 3e-3;  ///< at step `warmup`
  double end = 1e-5;   ///< from step `steps` on
  Index warmup = 0;    ///< steps; the first has rate 0 if there are any
  Index steps = 0;     ///< warm-up included; 0 stays at the peak

  /// The rate of a step, counted from 0.
  [[nodiscard]] double rate(Index step) const {
    if (step < warmup) return peak * static_cast<double>(step) / static_cast<double>(warmup);
    if (steps == 0) return peak;
    const double way = std::min(1.0, static_cast<double>(step - warmup) /
                                         static_cast<double>(std::max<Index>(steps - warmup, 1)));
    return end + (peak - end) * 0.5 * (1.0 + std::cos(std::numbers::pi * way));
  }
};

/// A factor that rises in a line from `start` to 1, for the rate of the inner steps.
///
/// \source arXiv:2512.23675: from 0.1, over the first tenth of the outer steps
struct LinearRise {
  double start = 0.1;  ///< what step -1 would have
  Index steps = 0;     ///< 0 starts at 1

  /// The factor of an outer step, counted from 0.
  [[nodiscard]] double factor(Index step) const {
    if (steps == 0) return 1.0;
    return start + (1.0 - start) *
                       std::min(1.0, static_cast<double>(step + 1) / static_cast<double>(steps));
  }
};

}  // namespace ttt
