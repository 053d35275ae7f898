// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/measure/bootstrap.hpp>
#include <ttt/measure/loss_by_position.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <iomanip>
#include <limits>
#include <optional>
#include <ostream>
#include <span>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "support/chart.hpp"
#include "support/plain_text.hpp"
#include "support/printable.hpp"
#include "support/report.hpp"

/// The parts of the program `evaluate`.
namespace evaluating {

using namespace ttt;

/// Some positions of some texts, taken together.
struct Loss {
  measure::Bin sums;
  std::optional<measure::Interval> interval;  // of nats per token; none of too few samples

  [[nodiscard]] double perplexity() const { return std::exp(sums.nats_per_token()); }
};

/// Samples of which an interval says how much they differ; fewer say nothing of it.
inline constexpr std::size_t least_samples = 5;
/// Tokens of a sample of the only text.
inline constexpr Index stretch = 4096;

/// The loss of positions begin to end - 1. Its interval is over texts, or over stretches of the
/// only one.
inline Loss loss_of(std::span<const measure::Scored> texts, Index begin, Index end) {
  const auto sums = [](std::span<const measure::Scored> some, Index first, Index last) {
    return measure::loss_by_position(some, std::array{first, last}).front();
  };
  std::vector<measure::Sample> samples;
  const auto add = [&](const measure::Bin& sample) {
    if (sample.tokens == 0) return;
    samples.push_back({sample.nats_per_token(), static_cast<double>(sample.tokens)});
  };
  if (texts.size() > 1) {
    for (const measure::Scored& text : texts) add(sums({&text, 1}, begin, end));
  } else {
    for (Index first = begin; first < end; first += stretch) {
      add(sums(texts, first, std::min(first + stretch, end)));
    }
  }
  Loss loss{.sums = sums(texts, begin, end), .interval = {}};
  if (samples.size() >= least_samples) loss.interval = measure::bootstrap(samples).interval;
  return loss;
}

/// What came of reading texts.
struct Results {
  std::vector<std::string> titles;
  std::vector<Loss> texts;  // each
  Loss all;
  std::vector<Loss> by_position;  // of all texts

  Results(std::vector<std::string> names, std::span<const measure::Scored> scored)
      : titles(std::move(names)), all() {
    Index longest = 0;
    for (const measure::Scored& text : scored) {
      const Index end = std::ssize(text.nats);
      longest = std::max(longest, end);
      texts.push_back(loss_of({&text, 1}, 0, end));
    }
    all = loss_of(scored, 0, longest);
    const std::vector<Index> edges =
        measure::log_edges({.first = std::min<Index>(64, longest), .last = longest});
    for (std::size_t n = 1; n < edges.size(); ++n) {
      by_position.push_back(loss_of(scored, edges[n - 1], edges[n]));
    }
  }
};

/// A loss in the cells of a table's row.
inline std::string cells_of(const Loss& loss) {
  std::ostringstream cells = support::plain_text();
  cells << loss.sums.tokens << " | " << loss.sums.bytes << std::fixed << std::setprecision(4)
        << " | " << loss.sums.nats_per_token() << " | ";
  if (loss.interval) {
    cells << '[' << loss.interval->lower << ", " << loss.interval->upper << ']';
  } else {
    cells << '-';
  }
  cells << " | " << loss.sums.bits_per_byte() << " | " << std::setprecision(3) << loss.perplexity()
        << " |\n";
  return cells.str();
}

/// A title as it stands in a cell.
inline std::string cell_of(const std::string& title) {
  std::string cell;
  for (const char c : support::printable(title)) {
    if (c == '|') cell += '\\';
    cell += c == '\n' ? ' ' : c;
  }
  return cell;
}

/// Tables in Markdown: of the texts, and of positions.
inline void print(std::ostream& out, const Results& results) {
  const auto head = [&](const char* what) {
    out << "| " << what
        << " | tokens | bytes | nats per token | 95 % interval | bits per byte | perplexity |\n"
           "| --- | ---: | ---: | ---: | :---: | ---: | ---: |\n";
  };
  head("text");
  for (std::size_t n = 0; n < results.texts.size(); ++n) {
    out << "| " << cell_of(results.titles[n]) << " | " << cells_of(results.texts[n]);
  }
  if (results.texts.size() > 1) out << "| all | " << cells_of(results.all);
  out << '\n';
  head("position");
  for (const Loss& bin : results.by_position) {
    out << "| " << bin.sums.begin << " to " << bin.sums.end << " | " << cells_of(bin);
  }
}

/// Its numbers, added to a report; the ends of an interval are null where there is none.
inline support::Report& add(support::Report& report, const Loss& loss) {
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  return report.set("tokens", loss.sums.tokens)
      .set("bytes", loss.sums.bytes)
      .set("nats_per_token", loss.sums.nats_per_token())
      .set("low", loss.interval ? loss.interval->lower : none)
      .set("high", loss.interval ? loss.interval->upper : none)
      .set("bits_per_byte", loss.sums.bits_per_byte())
      .set("perplexity", loss.perplexity());
}

inline support::Report report_of(const Results& results) {
  std::vector<support::Report> texts(results.texts.size());
  for (std::size_t n = 0; n < texts.size(); ++n) {
    add(texts[n].set("title", results.titles[n]), results.texts[n]);
  }
  std::vector<support::Report> bins(results.by_position.size());
  for (std::size_t n = 0; n < bins.size(); ++n) {
    const Loss& bin = results.by_position[n];
    add(bins[n].set("begin", bin.sums.begin).set("end", bin.sums.end), bin);
  }
  support::Report report;
  return add(report, results.all).set("texts", texts).set("by_position", bins);
}

inline support::Chart chart_of(const Results& results, const std::string& name) {
  support::Chart chart{.title = "Loss by position",
                       .x_title = "token of the text",
                       .y_title = "nats per token",
                       .series = {{.name = name, .points = {}}}};
  for (const Loss& bin : results.by_position) {
    support::Point point{.x = support::middle_of(bin.sums.begin, bin.sums.end),
                         .y = bin.sums.nats_per_token()};
    if (bin.interval) {
      point.lower = bin.interval->lower;
      point.upper = bin.interval->upper;
    }
    chart.series[0].points.push_back(point);
  }
  return chart;
}

}  // namespace evaluating
