// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>
#include <ttt/measure/interval.hpp>
#include <ttt/shape.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "cell.hpp"

namespace compare {

/// The mean over seeds, and the interval in which the mean of all seeds lies at 95 %.
struct Mean {
  double value;
  measure::Interval interval;  ///< NaN where there is one seed
  Index seeds;
};

/// The mean of numbers that are taken for normal, with Student's interval.
///
///   mean +- t s / sqrt(n),    s^2 = sum (x - mean)^2 / (n - 1)
///
/// \pre there is a number
/// \source Student 1908, "The Probable Error of a Mean"
[[nodiscard]] inline Mean mean_of(const std::vector<double>& numbers) {
  // Of 1 to 30 degrees of freedom, two-sided; beyond, that of the normal distribution.
  constexpr std::array<double, 30> quantiles{
      12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
      2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
      2.080,  2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};
  const auto count = static_cast<double>(numbers.size());
  double mean = 0;
  for (const double number : numbers) mean += number / count;
  double half = std::numeric_limits<double>::quiet_NaN();
  if (numbers.size() > 1) {
    double squares = 0;
    for (const double number : numbers) squares += (number - mean) * (number - mean);
    const std::size_t freedom = numbers.size() - 1;
    const double t = freedom <= quantiles.size() ? quantiles[freedom - 1] : 1.96;
    half = t * std::sqrt(squares / (count - 1) / count);
  }
  return {mean, {mean - half, mean + half}, std::ssize(numbers)};
}

/// The cells of one system, one for each seed.
struct Group {
  std::vector<Cell> cells;

  [[nodiscard]] const Cell& first() const { return cells.front(); }
  /// The mean over seeds of something of a cell.
  [[nodiscard]] Mean mean(const std::function<double(const Cell&)>& of) const {
    std::vector<double> numbers;
    numbers.reserve(cells.size());
    for (const Cell& cell : cells) numbers.push_back(of(cell));
    return mean_of(numbers);
  }
  /// Loss from a position on, in nats a byte.
  [[nodiscard]] Mean loss(Index first_byte) const {
    return mean([&](const Cell& cell) { return cell.loss_from(first_byte); });
  }
};

/// Cells by system, in the order of their loss from a position on, the least first.
///
/// \throws RangeError if there is none, cells were measured with different settings, or have
///         different numbers of positions, or in one system of points of the curve.
[[nodiscard]] inline std::vector<Group> groups_of(const std::vector<Cell>& cells,
                                                  Index first_byte) {
  if (cells.empty()) throw RangeError("groups_of: cells must be one or more, got none");
  std::vector<Group> groups;
  for (const Cell& cell : cells) {
    if (cell.setting != cells.front().setting) {
      throw RangeError("groups_of: cells must have one setting, got " + cell.setting + " and " +
                       cells.front().setting);
    }
    const auto expect = [&](const char* what, const auto& numbers, const auto& expected) {
      if (numbers.size() == expected.size()) return;
      throw RangeError("groups_of: " + cell.system + " must have " +
                       std::to_string(expected.size()) + ' ' + what + ", got " +
                       std::to_string(numbers.size()));
    };
    expect("positions", cell.positions, cells.front().positions);
    const auto same = std::ranges::find_if(
        groups, [&](const Group& group) { return group.first().system == cell.system; });
    if (same == groups.end()) {
      groups.push_back({{cell}});
    } else {
      expect("points of the curve", cell.curve, same->first().curve);
      same->cells.push_back(cell);
    }
  }
  std::ranges::stable_sort(groups, {},
                           [&](const Group& group) { return group.loss(first_byte).value; });
  return groups;
}

/// How far seeds of one system are apart, beside how far systems are.
struct Spread {
  double seeds = 0;    ///< the largest difference of two seeds of one system
  std::string system;  ///< of which
  double systems = 0;  ///< between the best and the worst mean
  Index compared = 0;  ///< systems with two seeds or more
  std::vector<std::pair<std::string, std::string>> close{};  ///< whose seeds overlap
};

/// \pre groups are in the order of their loss
[[nodiscard]] inline Spread spread_of(const std::vector<Group>& groups, Index first_byte) {
  Spread spread;
  std::vector<std::pair<double, double>> ranges;  // of the losses of each system's seeds
  ranges.reserve(groups.size());
  for (const Group& group : groups) {
    std::vector<double> losses;
    losses.reserve(group.cells.size());
    for (const Cell& cell : group.cells) losses.push_back(cell.loss_from(first_byte));
    const auto [least, most] = std::ranges::minmax(losses);
    ranges.emplace_back(least, most);
    if (losses.size() < 2) continue;
    spread.compared += 1;
    if (most - least >= spread.seeds) {
      spread.seeds = most - least;
      spread.system = group.first().title;
    }
  }
  spread.systems = groups.back().loss(first_byte).value - groups.front().loss(first_byte).value;
  for (std::size_t n = 0; n < groups.size(); ++n) {
    for (std::size_t worse = n + 1; worse < groups.size(); ++worse) {
      if (ranges[n].second < ranges[worse].first) continue;
      spread.close.emplace_back(groups[n].first().title, groups[worse].first().title);
    }
  }
  return spread;
}

}  // namespace compare
