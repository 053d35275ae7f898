// SPDX-License-Identifier: Apache-2.0
#pragma once

/// How well models do, and how sure that is.
namespace ttt::measure {

/// Where a quantity lies, by some measure of confidence; both ends belong to it.
struct Interval {
  double lower;  ///< the least value in it
  double upper;  ///< the greatest value in it

  /// Whether all members are equal.
  friend constexpr bool operator==(Interval, Interval) = default;
};

}  // namespace ttt::measure
