// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/measure/proportion.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cell.hpp"
#include "families.hpp"
#include "summary.hpp"
#include "support/plain_text.hpp"
#include "support/progress.hpp"

/// What a comparison found, as tables in Markdown.
namespace compare {

/// A table in Markdown.
class Table {
 public:
  explicit Table(const std::vector<std::string>& columns) {
    add(columns);
    add(std::vector<std::string>(columns.size(), "---"));
  }
  void add(const std::vector<std::string>& row) {
    for (const std::string& word : row) text_ += "| " + word + ' ';
    text_ += "|\n";
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// `1.234`
[[nodiscard]] inline std::string fixed(double number, int digits = 3) {
  return support::fixed(number, digits);
}

/// `1.234 [1.200, 1.268]`, without the interval where there is none.
[[nodiscard]] inline std::string words_of(const Mean& mean, double unit = 1) {
  std::string words = fixed(mean.value * unit);
  if (!std::isfinite(mean.interval.lower)) return words;
  return words + " [" + fixed(mean.interval.lower * unit) + ", " +
         fixed(mean.interval.upper * unit) + ']';
}

/// The groups of the main table.
[[nodiscard]] inline std::vector<Group> base_of(const std::vector<Group>& groups) {
  std::vector<Group> base;
  std::ranges::copy_if(groups, std::back_inserter(base),
                       [](const Group& group) { return group.first().base; });
  return base;
}

/// Every system with its loss behind the first window, and its memory.
[[nodiscard]] inline std::string main_table(const std::vector<Group>& groups) {
  Table table({"system", "parameters", "seeds", "nats per byte", "bits per byte", "memory, bytes"});
  for (const Group& group : groups) {
    const Cell& cell = group.first();
    const Mean loss = group.loss(shared.window);
    table.add({cell.title, std::to_string(cell.parameters), std::to_string(loss.seeds),
               words_of(loss), words_of(loss, 1 / std::numbers::ln2),
               support::with_prefix(static_cast<double>(cell.memory_bytes))});
  }
  return table.text();
}

/// Every system's loss by position, the mean over seeds.
[[nodiscard]] inline std::string position_table(const std::vector<Group>& groups) {
  std::vector<std::string> columns{"system"};
  for (const measure::Bin& bin : groups.front().first().positions) {
    columns.push_back(std::to_string(bin.begin) + " to " + std::to_string(bin.end));
  }
  Table table(columns);
  for (const Group& group : groups) {
    std::vector<std::string> row{group.first().title};
    for (std::size_t n = 0; n < group.first().positions.size(); ++n) {
      row.push_back(fixed(
          group.mean([&](const Cell& cell) { return cell.positions[n].nats_per_byte(); }).value));
    }
    table.add(row);
  }
  return table.text();
}

/// Rows of one task, of all seeds together, by length.
[[nodiscard]] inline std::vector<RecallRow> recall_of(const Group& group, const std::string& task) {
  std::vector<RecallRow> all;
  for (const Cell& cell : group.cells) {
    for (const RecallRow& row : cell.recall) {
      if (row.task != task) continue;
      const auto same = std::ranges::find(all, row.length, &RecallRow::length);
      if (same == all.end()) {
        all.push_back(row);
        continue;
      }
      same->samples += row.samples;
      same->right += row.right;
      same->in_window += row.in_window;
      same->control += row.control;
      same->control_right += row.control_right;
    }
  }
  return all;
}

/// `0.35 [0.18, 0.57]`, with Wilson's interval; `-` of no samples.
[[nodiscard]] inline std::string share(Index right, Index samples) {
  if (samples == 0) return "-";
  const measure::Interval interval = measure::wilson(right, samples);
  return fixed(static_cast<double>(right) / static_cast<double>(samples), 2) + " [" +
         fixed(interval.lower, 2) + ", " + fixed(interval.upper, 2) + ']';
}

/// The names of the tasks that cells have rows of.
[[nodiscard]] inline std::set<std::string> tasks_of(const std::vector<Group>& groups) {
  std::set<std::string> names;
  for (const Group& group : groups) {
    for (const RecallRow& row : group.first().recall) names.insert(row.task);
  }
  return names;
}

/// What every system recalls in one task, beside the share of the text that a window sees, and how
/// often the value was in it.
[[nodiscard]] inline std::string recall_table(const std::vector<Group>& groups,
                                              const std::string& task) {
  std::vector<std::string> columns{"system"};
  std::vector<std::string> ratio{"*window / length*"};
  std::vector<std::string> seen{"*value in the window*"};
  for (const RecallRow& row : recall_of(groups.front(), task)) {
    columns.push_back(std::to_string(row.length));
    ratio.push_back(fixed(
        std::min(1.0, static_cast<double>(shared.window) / static_cast<double>(row.length)), 2));
    seen.push_back(fixed(static_cast<double>(row.in_window) / static_cast<double>(row.samples), 2));
  }
  columns.emplace_back("needle removed");
  ratio.emplace_back("0.00");
  seen.emplace_back("0.00");
  Table table(columns);
  table.add(ratio);
  table.add(seen);
  for (const Group& group : groups) {
    std::vector<std::string> row{group.first().title};
    Index control = 0;
    Index control_right = 0;
    for (const RecallRow& of : recall_of(group, task)) {
      row.push_back(share(of.right, of.samples));
      control += of.control;
      control_right += of.control_right;
    }
    row.push_back(share(control_right, control));
    table.add(row);
  }
  return table.text();
}

/// A point of an ablation.
struct AblationPoint {
  Index value;
  Mean loss;
};

/// The losses of an ablation, in the order of its values; fewer than two if it was not made.
[[nodiscard]] inline std::vector<AblationPoint> ablation_of(const std::vector<Group>& groups,
                                                            const std::string& what) {
  std::vector<AblationPoint> points;
  for (const Group& group : groups) {
    for (const Varied& varied : group.first().ablations) {
      if (varied.what == what) points.push_back({varied.value, group.loss(shared.window)});
    }
  }
  std::ranges::sort(points, {}, &AblationPoint::value);
  return points;
}

/// The names of the ablations that have two points or more.
[[nodiscard]] inline std::vector<std::string> ablations_of(const std::vector<Group>& groups) {
  std::set<std::string> names;
  for (const Group& group : groups) {
    for (const Varied& varied : group.first().ablations) names.insert(varied.what);
  }
  std::vector<std::string> made;
  std::ranges::copy_if(names, std::back_inserter(made), [&](const std::string& name) {
    return ablation_of(groups, name).size() > 1;
  });
  return made;
}

[[nodiscard]] inline std::string ablation_table(const std::vector<Group>& groups,
                                                const std::string& what) {
  Table table({what, "nats per byte"});
  for (const auto& [value, loss] : ablation_of(groups, what)) {
    table.add({std::to_string(value), words_of(loss)});
  }
  return table.text();
}

/// Whether seeds differ less than systems do, in words.
[[nodiscard]] inline std::string words_of(const Spread& spread) {
  if (spread.compared == 0) {
    return "Each system has one seed, so nothing says how far seeds are apart.\n";
  }
  std::string words = "Two seeds of one system differ by at most " + fixed(spread.seeds) +
                      " nats per byte (" + spread.system + "), the best and the worst system by " +
                      fixed(spread.systems) + ".\n";
  if (spread.close.empty()) {
    return words +
           "Of any two systems, every seed of one is better than every seed of the other.\n";
  }
  words += "Not told apart, because their seeds overlap, are:";
  for (const auto& [first, second] : spread.close) {
    words.append(words.back() == ':' ? " " : "; ").append(first).append(" and ").append(second);
  }
  return words + ".\n";
}

/// How often a guess of a number is right, as a sentence; empty for the task with UUIDs.
[[nodiscard]] inline std::string chance_of(const std::string& task) {
  return task == "s_niah_3" ? "" : " Chance is about one in a million.";
}

/// The page with every table.
[[nodiscard]] inline std::string page_of(const std::vector<Group>& groups) {
  const std::vector<Group> base = base_of(groups);
  std::string page = "# Systems compared\n\nSettings: " + groups.front().first().setting + ".\n";
  const auto section = [&](const std::string& title, const std::string& text) {
    page += "\n## " + title + "\n\n" + text;
  };
  if (!base.empty()) {
    section("Loss behind the first window",
            "Held-out text, means over seeds, with 95 % intervals of Student where there are two "
            "or more.\n\n" +
                main_table(base) + '\n' + words_of(spread_of(base, shared.window)));
    section("Loss by position", "Nats per byte; columns are bytes of the text.\n\n" +
                                    position_table(base) + "\n![](loss_by_position.svg)\n");
    section("Loss in training", "![](loss_by_tokens.svg)\n");
    for (const std::string& task : tasks_of(base)) {
      section("Recall, " + task,
              "Share of the prompts whose answer has the value in it, by bytes of prompt and "
              "answer, with 95 % intervals of Wilson over the prompts of all seeds." +
                  chance_of(task) + "\n\n" + recall_table(base, task) + "\n![](recall_" + task +
                  ".svg)\n");
    }
  }
  for (const std::string& what : ablations_of(groups)) {
    section("Ablation: " + what, ablation_table(groups, what));
  }
  return page;
}

}  // namespace compare
