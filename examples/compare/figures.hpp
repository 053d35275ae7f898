// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "summary.hpp"
#include "support/chart.hpp"
#include "tables.hpp"

namespace compare {

/// A mean as a point of a line with its interval.
[[nodiscard]] inline support::Point point_of(double x, const Mean& mean) {
  return {.x = x, .y = mean.value, .lower = mean.interval.lower, .upper = mean.interval.upper};
}

/// Loss by position, a line for each system.
[[nodiscard]] inline support::Chart position_chart(const std::vector<Group>& groups) {
  support::Chart chart{.title = "Loss by position",
                       .x_title = "byte of the text",
                       .y_title = "nats per byte",
                       .series = {}};
  for (const Group& group : groups) {
    support::Series series{.name = group.first().title, .points = {}};
    for (std::size_t n = 0; n < group.first().positions.size(); ++n) {
      const measure::Bin& bin = group.first().positions[n];
      series.points.push_back(point_of(
          support::middle_of(bin.begin, bin.end),
          group.mean([&](const Cell& cell) { return cell.positions[n].nats_per_byte(); })));
    }
    chart.series.push_back(std::move(series));
  }
  return chart;
}

/// Held-out loss in the course of training, a line for each system that was trained.
[[nodiscard]] inline support::Chart training_chart(const std::vector<Group>& groups) {
  support::Chart chart{.title = "Loss in training",
                       .x_title = "bytes trained on",
                       .y_title = "nats per byte",
                       .series = {}};
  for (const Group& group : groups) {
    support::Series series{.name = group.first().title, .points = {}};
    for (std::size_t n = 0; n < group.first().curve.size(); ++n) {
      series.points.push_back(
          point_of(static_cast<double>(group.first().curve[n].tokens),
                   group.mean([&](const Cell& cell) { return cell.curve[n].nats; })));
    }
    if (!series.points.empty()) chart.series.push_back(std::move(series));
  }
  return chart;
}

/// What systems recall in one task, by the length of the text, and what a window sees of it.
[[nodiscard]] inline support::Chart recall_chart(const std::vector<Group>& groups,
                                                 const std::string& task) {
  support::Chart chart{.title = "Recall, " + task,
                       .x_title = "bytes of prompt and answer",
                       .y_title = "share of prompts answered",
                       .series = {{.name = "value in the window", .points = {}}}};
  const auto add = [](support::Series& series, const RecallRow& row, Index right) {
    const double samples = static_cast<double>(row.samples);
    series.points.push_back(
        {.x = static_cast<double>(row.length), .y = static_cast<double>(right) / samples});
  };
  for (const RecallRow& row : recall_of(groups.front(), task)) {
    add(chart.series.front(), row, row.in_window);
  }
  for (const Group& group : groups) {
    support::Series series{.name = group.first().title, .points = {}};
    for (const RecallRow& row : recall_of(group, task)) add(series, row, row.right);
    chart.series.push_back(std::move(series));
  }
  return chart;
}

/// Loss by what is varied.
[[nodiscard]] inline support::Chart ablation_chart(const std::vector<Group>& groups,
                                                   const std::string& what) {
  support::Series series{.name = "", .points = {}};
  for (const auto& [value, loss] : ablation_of(groups, what)) {
    series.points.push_back(point_of(static_cast<double>(value), loss));
  }
  return {.title = "Loss by " + what,
          .x_title = what,
          .y_title = "nats per byte",
          .series = {std::move(series)}};
}

/// Every figure, by the name of its file.
[[nodiscard]] inline std::vector<std::pair<std::string, support::Chart>> figures_of(
    const std::vector<Group>& groups) {
  std::vector<std::pair<std::string, support::Chart>> figures;
  const std::vector<Group> base = base_of(groups);
  if (!base.empty()) {
    figures.emplace_back("loss_by_position.svg", position_chart(base));
    if (support::Chart curve = training_chart(base); !curve.series.empty()) {
      figures.emplace_back("loss_by_tokens.svg", std::move(curve));
    }
    for (const std::string& task : tasks_of(base)) {
      figures.emplace_back("recall_" + task + ".svg", recall_chart(base, task));
    }
  }
  for (const std::string& what : ablations_of(groups)) {
    std::string name = what;
    std::ranges::replace(name, ' ', '_');
    figures.emplace_back("ablation_" + name + ".svg", ablation_chart(groups, what));
  }
  return figures;
}

}  // namespace compare
