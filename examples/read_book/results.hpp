// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/data/bytes.hpp>
#include <ttt/measure/bootstrap.hpp>
#include <ttt/measure/loss_by_position.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <iomanip>
#include <iostream>
#include <limits>
#include <span>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "reading.hpp"
#include "support/chart.hpp"
#include "support/plain_text.hpp"
#include "support/printable.hpp"
#include "support/report.hpp"

namespace reading {

/// What learning gains on another way.
struct Gain {
  measure::Difference difference;
  Index samples;  ///< books or stretches, of which the interval says how much they differ

  /// Fewer samples say nothing of how sure the mean is.
  static constexpr Index least_samples = 5;
  [[nodiscard]] bool has_interval() const { return samples >= least_samples; }
};

/// What learning gains on `other`, in nats per byte: over books, or over stretches of the only one.
inline Gain gain(const std::vector<Readings>& readings, Way other) {
  constexpr Index stretch = 4096;
  std::vector<measure::Pair> pairs;
  const auto add = [&](const auto& reading, Index first, Index end) {
    pairs.push_back({.first = reading[other].mean(first, end),
                     .second = reading[learning].mean(first, end),
                     .weight = static_cast<double>(end - first)});
  };
  for (const auto& reading : readings) {
    const Index end = std::ssize(reading[learning].nats);
    Index first = std::max(settled, reading[learning].began);
    if (readings.size() > 1) {
      if (first < end) add(reading, first, end);
    } else {
      for (; first < end; first += stretch) add(reading, first, std::min(first + stretch, end));
    }
  }
  if (pairs.empty()) throw RangeError("nothing was left to read");
  return {measure::paired_bootstrap(pairs), std::ssize(pairs)};
}

/// Loss by position, in bins of the book, for every way.
using Bins = std::array<std::vector<measure::Bin>, ways>;

inline Bins bins_of(const Readings& readings) {
  const std::vector<Index> edges =
      measure::log_edges({.first = 64, .last = std::ssize(readings[frozen].nats)});
  Bins bins;
  for (std::size_t way = 0; way < ways; ++way) {
    const std::vector<measure::Scored> scored{{.nats = readings[way].nats}};
    bins[way] = measure::loss_by_position(scored, edges);
  }
  return bins;
}

/// A column for each way, with room for its name.
inline int width_of(const char* name) { return static_cast<int>(std::string(name).size()) + 3; }

/// A table of one unit, such as "nats per byte", in which of(bin) is a bin's loss.
template <class Of>
void print_losses(const Bins& bins, const std::string& unit, Of&& of) {
  std::cout << "\n" << unit << "\n        bytes";
  for (const char* name : way_names) std::cout << std::setw(width_of(name)) << name;
  std::cout << '\n' << std::fixed << std::setprecision(3);
  for (std::size_t bin = 0; bin < bins[0].size(); ++bin) {
    std::cout << std::setw(6) << bins[0][bin].begin << '-' << std::setw(6) << bins[0][bin].end;
    for (std::size_t way = 0; way < ways; ++way) {
      std::cout << std::setw(width_of(way_names[way])) << of(bins[way][bin]);
    }
    std::cout << '\n';
  }
}

inline void print(const Bins& bins) {
  print_losses(bins, "Nats per byte", [](const auto& bin) { return bin.nats_per_byte(); });
  print_losses(bins, "Bits per byte", [](const auto& bin) { return bin.bits_per_byte(); });
}

inline std::vector<support::Report> report_of(const Bins& bins) {
  std::vector<support::Report> rows;
  for (std::size_t bin = 0; bin < bins[0].size(); ++bin) {
    support::Report row;
    row.set("begin", bins[0][bin].begin).set("end", bins[0][bin].end);
    for (std::size_t way = 0; way < ways; ++way) {
      row.set(way_keys[way], bins[way][bin].nats_per_byte());
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

inline support::Chart chart_of(const Bins& bins, const std::string& title) {
  support::Chart chart{.title = "Reading " + title,
                       .x_title = "byte of the book",
                       .y_title = "nats per byte",
                       .series = {}};
  for (std::size_t way = 0; way < ways; ++way) {
    chart.series.push_back({.name = way_names[way], .points = {}});
    for (const measure::Bin& bin : bins[way]) {
      chart.series.back().points.push_back(
          {.x = support::middle_of(bin.begin, bin.end), .y = bin.nats_per_byte()});
    }
  }
  return chart;
}

inline void print_speed(const Readings& readings) {
  std::cout << "\n                   tokens a second   bytes of memory\n" << std::setprecision(0);
  for (std::size_t way = 0; way < ways; ++way) {
    std::cout << std::setw(16) << way_names[way] << std::setw(18)
              << readings[way].tokens_per_second() << std::setw(18) << readings[way].bytes << '\n';
  }
}

/// The passage that learning helped most, word for word.
inline void print_passage(const Book& book, const Readings& readings) {
  const auto& learned = readings[learning];
  const Index end = std::ssize(learned.nats);
  const Index begin = std::max(settled, learned.began);
  const Index length = std::min<Index>(320, end - begin);
  const auto saved = [&](Index t) {
    const auto at = static_cast<std::size_t>(t);
    return static_cast<double>(readings[frozen].nats[at]) - static_cast<double>(learned.nats[at]);
  };
  double sum = 0;
  for (Index t = begin; t < begin + length; ++t) sum += saved(t);
  double most = sum;
  Index best = begin;
  for (Index t = begin + length; t < end; ++t) {
    sum += saved(t) - saved(t - length);
    if (sum > most) {
      most = sum;
      best = t - length + 1;
    }
  }
  const auto passage =
      std::span(book.tokens)
          .subspan(static_cast<std::size_t>(best), static_cast<std::size_t>(length));
  std::cout << "\nLearning helped most here, at byte " << best << " of "
            << support::printable(book.title) << " (" << std::setprecision(3)
            << learned.mean(best, best + length) << " nats per byte, frozen "
            << readings[frozen].mean(best, best + length) << "):\n\n"
            << support::printable(data::text(passage)) << "\n";
}

/// How sure a gain is, in words.
inline std::string certainty(const Gain& gain) {
  std::ostringstream words = support::plain_text();
  words << std::fixed << std::setprecision(3);
  if (gain.has_interval()) {
    words << '[' << gain.difference.interval.lower << ", " << gain.difference.interval.upper << ']';
  } else {
    words << "(too few for an interval: " << gain.samples << " of " << Gain::least_samples << ')';
  }
  return words.str();
}

/// Its mean and interval, whose ends are null where there are too few samples.
inline support::Report report_of(const Gain& gain) {
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  const auto& [mean, interval] = gain.difference;
  support::Report report;
  return report.set("mean", mean)
      .set("low", gain.has_interval() ? interval.lower : none)
      .set("high", gain.has_interval() ? interval.upper : none)
      .set("samples", gain.samples);
}

/// Prints what learning gains on every other way, and reports it.
inline void add_gains(support::Report& report, const std::vector<Readings>& readings) {
  std::cout << "\nLearning saves, in nats per byte after byte " << settled
            << (readings.size() > 1 ? ", over the held-out books" : ", over stretches of the text")
            << " (95 % interval):\n";
  for (const Way other : {frozen, plain_window, plain_learning}) {
    const Gain gained = gain(readings, other);
    std::cout << "  over " << std::setw(17) << std::left << way_names[other] << std::right
              << std::fixed << std::setprecision(3) << gained.difference.mean << "  "
              << certainty(gained) << '\n';
    report.set("gain_over_" + std::string(way_keys[other]), report_of(gained));
  }
}

/// Reports each book's loss, and speed and memory of the first.
inline void add_readings(support::Report& report, const std::vector<Book>& books,
                         const std::vector<Readings>& readings) {
  std::vector<support::Report> each;
  for (std::size_t number = 0; number < books.size(); ++number) {
    support::Report row;
    const Index end = std::ssize(books[number].tokens);
    const Index first = std::max(settled, readings[number][learning].began);
    row.set("title", books[number].title).set("bytes", end);
    for (std::size_t way = 0; way < ways; ++way) {
      row.set(way_keys[way], readings[number][way].mean(first, end));
    }
    each.push_back(std::move(row));
  }
  support::Report speed;
  support::Report bytes;
  for (std::size_t way = 0; way < ways; ++way) {
    speed.set(way_keys[way], readings[0][way].tokens_per_second());
    bytes.set(way_keys[way], readings[0][way].bytes);
  }
  report.set("after_four_windows", each).set("tokens_per_second", speed).set("memory_bytes", bytes);
}

}  // namespace reading
