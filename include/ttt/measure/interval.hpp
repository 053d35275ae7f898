// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace ttt::measure {

/// Where a quantity lies, by some measure of confidence; both ends belong to it.
struct Interval {
  double lower;
  double upper;

  friend constexpr bool operator==(Interval, Interval) = default;
};

}  // namespace ttt::measure
