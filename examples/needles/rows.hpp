// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/decimal.hpp>
#include <ttt/measure/proportion.hpp>

#include <cmath>
#include <cstddef>
#include <iomanip>
#include <iostream>
#include <limits>
#include <string>
#include <vector>

#include "recall/needles.hpp"
#include "recall/outcome.hpp"
#include "support/plain_text.hpp"
#include "support/report.hpp"

/// What came of asking for hidden numbers: cells of samples, rows of cells, and how they are
/// printed and compared.
namespace needles {

using namespace ttt;

/// The mean of of(item) over the items of which it is a number; NaN if there is none.
template <class Items, class Of>
[[nodiscard]] double mean_of_numbers(const Items& items, Of&& of) {
  double sum = 0;
  Index count = 0;
  for (const auto& item : items) {
    const auto number = static_cast<double>(of(item));
    if (!std::isfinite(number)) continue;
    sum += number;
    ++count;
  }
  return count == 0 ? std::numeric_limits<double>::quiet_NaN() : sum / static_cast<double>(count);
}

/// Bytes of memory that reading took; NaN where they were not counted.
[[nodiscard]] inline double memory_bytes(const recall::Outcome& recall) {
  return recall.memory_bytes > 0 ? static_cast<double>(recall.memory_bytes)
                                 : std::numeric_limits<double>::quiet_NaN();
}

/// What came of a cell, sample by sample.
struct Cell {
  std::vector<recall::Outcome> recalls;
  std::vector<recall::KeyWords> words;

  /// The mean of a number over samples in which it is one.
  template <class Of>
  [[nodiscard]] double mean(Of&& of) const {
    return mean_of_numbers(recalls, of);
  }
  [[nodiscard]] double exact() const {
    return mean([](const auto& r) { return r.exact; });
  }
};

/// How depths are named.
inline std::vector<std::string> names_of(const std::vector<double>& depths) {
  std::vector<std::string> names;
  names.reserve(depths.size());
  for (const double depth : depths) names.push_back(decimal(depth));
  return names;
}

/// All depths of a task at a length, under a policy.
struct Row {
  std::string task;
  Index windows;
  std::string policy;
  std::vector<std::string> depths;
  std::vector<Cell> cells;  ///< of the depths

  /// The mean over depths of a number's mean.
  template <class Of>
  [[nodiscard]] double mean(Of&& of) const {
    return mean_of_numbers(cells, [&](const Cell& cell) { return cell.mean(of); });
  }
  [[nodiscard]] double exact() const {
    return mean([](const auto& r) { return r.exact; });
  }
  /// Exact match where the key is made of such words.
  [[nodiscard]] double exact(recall::KeyWords words) const {
    Index right = 0;
    Index count = 0;
    for (const Cell& cell : cells) {
      for (std::size_t n = 0; n < cell.recalls.size(); ++n) {
        if (cell.words[n] != words) continue;
        right += cell.recalls[n].exact ? 1 : 0;
        ++count;
      }
    }
    return count == 0 ? std::numeric_limits<double>::quiet_NaN()
                      : static_cast<double>(right) / static_cast<double>(count);
  }
  [[nodiscard]] measure::Interval interval() const {
    return bounds([](const auto& r) { return r.exact ? 1 : 0; }, [](const auto&) { return 1; });
  }
  /// The share of the values' bytes that are right, whether or not the whole value is.
  [[nodiscard]] double right_bytes() const {
    return mean([](const auto& r) {
      return static_cast<double>(r.right) / static_cast<double>(r.answer.size());
    });
  }
  /// The interval of that share where every byte is guessed on its own.
  [[nodiscard]] measure::Interval right_bytes_interval() const {
    return bounds([](const auto& r) { return r.right; },
                  [](const auto& r) { return std::ssize(r.answer); });
  }
  [[nodiscard]] support::Report report() const {
    support::Report exact_at;
    for (std::size_t n = 0; n < cells.size(); ++n) exact_at.set(depths[n], cells[n].exact());
    support::Report report;
    return report.set("task", task)
        .set("windows", windows)
        .set("policy", policy)
        .set("samples", cells.empty() ? 0 : std::ssize(cells.front().recalls))
        .set("exact", exact())
        .set("exact_at_depth", exact_at)
        .set("low", interval().lower)
        .set("high", interval().upper)
        .set("known_words", exact(recall::KeyWords::training))
        .set("new_words", exact(recall::KeyWords::held_out))
        .set("right_bytes", right_bytes())
        .set("stored", mean([](const auto& r) { return r.contained; }))
        .set("looked_at", mean([](const auto& r) { return r.addressed; }))
        .set("memory_bytes", mean(memory_bytes))
        .set("window_over_length", 1.0 / static_cast<double>(windows));
  }

 private:
  /// Wilson's interval of the sum of successes(recall) over that of trials(recall).
  template <class Successes, class Trials>
  [[nodiscard]] measure::Interval bounds(Successes&& successes, Trials&& trials) const {
    Index right = 0;
    Index count = 0;
    for (const Cell& cell : cells) {
      for (const auto& recall : cell.recalls) {
        right += successes(recall);
        count += trials(recall);
      }
    }
    return measure::wilson(right, count);
  }
};

inline void print_head(const std::vector<std::string>& depths) {
  std::cout
      << "\n     task  windows            policy  exact   95 % interval  known words  new words"
         "  stored  looked at  window/length   depth";
  for (const std::string& depth : depths) std::cout << std::setw(6) << depth;
  std::cout << '\n';
}

/// A number as a table has it: `-` where nothing was counted.
[[nodiscard]] inline std::string cell(double number, int digits = 2) {
  return support::fixed(number, digits);
}

inline void print(const Row& row) {
  const auto bounds = row.interval();
  std::cout << std::setw(9) << row.task << std::setw(9) << row.windows << std::setw(18)
            << row.policy << std::setw(7) << cell(row.exact()) << "  [" << cell(bounds.lower)
            << ", " << cell(bounds.upper) << ']' << std::setw(14)
            << cell(row.exact(recall::KeyWords::training)) << std::setw(11)
            << cell(row.exact(recall::KeyWords::held_out)) << std::setw(8)
            << cell(row.mean([](const auto& r) { return r.contained; })) << std::setw(11)
            << cell(row.mean([](const auto& r) { return r.addressed; })) << std::setw(15)
            << cell(1.0 / static_cast<double>(row.windows), 4) << "        ";
  for (const Cell& of_depth : row.cells) std::cout << std::setw(6) << cell(of_depth.exact());
  std::cout << std::endl;
}

/// What pairs of samples say: how often only `ours`, only `theirs` is right. Theirs may be the
/// first of ours.
[[nodiscard]] inline support::Report paired(const Row& ours, const Row& theirs) {
  Index only_ours = 0;
  Index only_theirs = 0;
  for (std::size_t c = 0; c < ours.cells.size(); ++c) {
    for (std::size_t n = 0; n < theirs.cells[c].recalls.size(); ++n) {
      const bool a = ours.cells[c].recalls[n].exact;
      const bool b = theirs.cells[c].recalls[n].exact;
      only_ours += a && !b ? 1 : 0;
      only_theirs += b && !a ? 1 : 0;
    }
  }
  support::Report report;
  return report.set("task", ours.task)
      .set("windows", ours.windows)
      .set("against", theirs.policy)
      .set("only_ours", only_ours)
      .set("only_theirs", only_theirs)
      .set("mcnemar_p", measure::mcnemar(only_ours, only_theirs));
}

}  // namespace needles
