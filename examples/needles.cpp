// SPDX-License-Identifier: Apache-2.0
//
// Hides a number in a text, lets a model read the text in constant memory, and asks for the number:
// how often is it given back, byte for byte, for each length, depth and policy of the cache?
//
//   needles --quick
//   needles --task s_niah_2 --windows 64 --samples 100 --policy oldest --json oldest.json
//   needles --bible --samples 20
//   needles --grid 8 64 --rivals FOLDER
//   needles --claims --samples 40
//
// smoke: --models {source}/examples/models --task s_niah_2 --windows 4 --samples 1 --depths 0.5
// smoke: --models {source}/examples/models --grid 4 --samples 1 --rivals {source}/examples/models
// smoke: --models {source}/examples/models --task s_niah_3 --windows 5 --samples 1 --impossible
// smoke: --models {source}/examples/models --claims --windows 24 --samples 1

#include <ttt/measure/proportion.hpp>
#include <ttt/version.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "needles/asker.hpp"
#include "needles/claims.hpp"
#include "needles/rows.hpp"
#include "recall/outcome.hpp"
#include "support/corpus.hpp"
#include "support/device.hpp"
#include "support/files.hpp"
#include "support/heat_map.hpp"
#include "support/machine.hpp"
#include "support/program.hpp"
#include "support/progress.hpp"

namespace {

using namespace ttt;
using needles::ask_row;
using needles::Asker;
using needles::Cell;
using needles::Contender;
using needles::held_out_prose;
using needles::print_head;
using needles::Row;
using needles::Settings;
using needles::tasks;
using needles::window;

/// The report, and what else a run was told of ours.
support::Report with_settings(support::Report report, const Settings& settings) {
  return report.set("version", version)
      .set("model", settings.model)
      .set("seed", settings.seed)
      .set("device", settings.device)
      .set("inner_rate", settings.inner_rate)
      .set("frozen", settings.frozen)
      .set("other_phrasing", settings.other_phrasing)
      .set("impossible", settings.impossible)
      .set("machine", support::this_machine().report());
}

support::Outcome ask_task(const Settings& settings, const Asker& asker) {
  if (!tasks.contains(settings.task)) {
    throw RangeError("--task must be s_niah_1, s_niah_2, s_niah_3 or multi_key, got " +
                     settings.task);
  }
  const Row row =
      ask_row(settings, asker, settings.task, settings.windows, asker.chosen(), settings.samples);
  print_head(row.depths);
  print(row);
  support::Report report = row.report();
  if (settings.impossible) {
    const auto [low, high] = row.right_bytes_interval();
    report.set("right_bytes_low", low).set("right_bytes_high", high);
    std::cout << "\nOf the bytes of values that are not in the text, "
              << needles::cell(row.right_bytes(), 3) << " are right [" << needles::cell(low, 3)
              << ", " << needles::cell(high, 3) << "].\n";
  }
  return {.report = with_settings(report, settings)};
}

/// A panel for each contender, of rows that stand contender by contender in the grid's lengths.
support::HeatMap heat_map(const Settings& settings, const std::vector<Row>& rows) {
  support::HeatMap map{
      .title = "A number in prose, given back exactly",
      .row_title = "depth",
      .column_title = "length of the text in windows of " + std::to_string(window) + " bytes",
      .rows = needles::names_of(settings.depths),
      .columns = {},
      .panels = {}};
  map.columns.reserve(settings.grid.size());
  for (const Index windows : settings.grid) map.columns.push_back(std::to_string(windows));
  for (std::size_t n = 0; n < rows.size(); ++n) {
    const std::size_t column = n % settings.grid.size();
    if (column == 0) {
      map.panels.push_back({.title = rows[n].policy, .cells = {}});
      map.panels.back().cells.assign(settings.depths.size(),
                                     std::vector<double>(settings.grid.size()));
    }
    for (std::size_t depth = 0; depth < settings.depths.size(); ++depth) {
      map.panels.back().cells[depth][column] = rows[n].cells[depth].exact();
    }
  }
  return map;
}

/// Every task at every length by ours, and a prose task by all contenders.
support::Outcome ask_grid(const Settings& settings, const Asker& asker) {
  support::make_folder("--out", settings.out);
  print_head(needles::names_of(settings.depths));
  std::vector<Row> rows;
  const auto add = [&](const std::string& task, Index windows, const Contender& contender,
                       Index samples) {
    rows.push_back(ask_row(settings, asker, task, windows, contender, samples));
    print(rows.back());
  };
  const Contender& ours = asker.contenders().front();
  for (const Contender& contender : asker.contenders()) {
    const Index samples = contender.name == ours.name
                              ? settings.samples
                              : std::min(settings.samples, settings.control_samples);
    if (samples == 0) continue;
    for (const Index windows : settings.grid) add("s_niah_2", windows, contender, samples);
  }
  const std::size_t prose_rows = rows.size();
  if (!settings.quick) {
    for (const auto& [name, task] : tasks) {
      if (task == recall::NeedleTask::s_niah_2) continue;
      for (const Index windows : settings.grid) add(name, windows, ours, settings.samples);
    }
  }

  const std::vector<Row> prose(rows.begin(), rows.begin() + static_cast<Index>(prose_rows));
  std::vector<support::Report> pairs;
  for (std::size_t n = settings.grid.size(); n < prose.size(); ++n) {
    pairs.push_back(paired(prose[n % settings.grid.size()], prose[n]));
  }
  std::vector<support::Report> reports;
  reports.reserve(rows.size());
  for (const Row& row : rows) reports.push_back(row.report());
  support::Report report;
  report = with_settings(report.set("rows", reports).set("pairs", pairs), settings);
  const std::filesystem::path folder = settings.out;
  const auto write_picture = [picture = folder / "needles.svg", map = heat_map(settings, prose)] {
    support::write_svg(picture, map);
    std::cout << "\nThe picture is " << picture.string() << ".\n";
  };
  const auto write_report = [report, path = folder / "needles.json"] { report.write(path); };
  return {report, {write_picture, write_report}};
}

/// A needle in the first chapter, the whole King James Bible after it, and then the question.
support::Outcome ask_bible(const Settings& settings, const Asker& asker) {
  std::string bible;
  for (const data::Document& book : support::king_james_corpus()) bible += book.text;
  constexpr Index first_chapter = 1500;
  support::Progress progress(
      {.name = "bible", .steps = static_cast<Index>(bible.size()) * settings.samples});
  Index done = 0;
  const Cell cell =
      asker.answers(asker.chosen(), settings.samples, std::ssize(bible), 0, progress, done,
                    [&](Random& random, recall::KeyWords words) {
                      const recall::Secret secret = recall::Secret::draw(random, words, false);
                      const auto phrasing = settings.other_phrasing ? recall::Phrasing::other
                                                                    : recall::Phrasing::ruler;
                      return recall::hide(bible, secret, first_chapter, phrasing);
                    });
  const std::vector<recall::Outcome>& recalls = cell.recalls;
  const Index exact = std::ranges::count(recalls, true, &recall::Outcome::exact);
  const auto bounds = measure::wilson(exact, settings.samples);
  const Index windows = static_cast<Index>(bible.size()) / window;
  const double stored =
      needles::mean_of_numbers(recalls, [](const auto& recall) { return recall.contained; });
  const double memory = needles::mean_of_numbers(recalls, needles::memory_bytes);
  std::cout << exact << " of " << settings.samples
            << " numbers given back after the whole King James Bible, " << bible.size()
            << " bytes or " << windows << " windows [" << needles::cell(bounds.lower, 3) << ", "
            << needles::cell(bounds.upper, 3) << "]; stored: " << needles::cell(stored, 3)
            << ", bytes of memory: " << needles::cell(memory, 0) << '\n';
  support::Report report;
  report.set("exact", static_cast<double>(exact) / static_cast<double>(recalls.size()))
      .set("low", bounds.lower)
      .set("high", bounds.upper)
      .set("stored", stored)
      .set("memory_bytes", memory)
      .set("bytes", bible.size())
      .set("window_over_length", 1.0 / static_cast<double>(windows));
  return {.report = with_settings(report, settings)};
}

/// Every claim about what is recalled, each at any depth of the text.
support::Outcome ask_claims(const Settings& settings, const Asker& asker) {
  const recall::Haystack haystack(held_out_prose());
  const std::vector<recall::Claim> claims = recall::claims();
  const Index length = settings.windows * window;
  support::Progress progress(
      {.name = "claims", .steps = length * settings.samples * std::ssize(claims)});
  Index done = 0;
  constexpr std::uint64_t stream = 20000;  // one that no depth has
  const auto rows = needles::ask_claims(claims, std::cout, [&](const recall::Claim& claim) {
    return asker.answers(asker.chosen(), settings.samples, length, stream, progress, done,
                         [&](Random& random, recall::KeyWords words) {
                           return claim.draw(random, haystack, length, words);
                         });
  });
  std::vector<support::Report> reports;
  reports.reserve(rows.size());
  for (const auto& row : rows) reports.push_back(row.report());
  support::Report report;
  report.set("windows", settings.windows).set("policy", settings.policy).set("rows", reports);
  return {.report = with_settings(report, settings)};
}

}  // namespace

int main(int argc, char** argv) {
  constexpr support::Range most{1, 1e6};  // so that their product is a number of bytes
  Settings s;
  support::Program program("needles", "Asks a model for numbers that it read long ago");
  program.option("--task", s.task, "s_niah_1, s_niah_2, s_niah_3 or multi_key; a grid if not given")
      .option("--windows", s.windows, most, "length of the text of a task, in windows of 128 bytes")
      .option("--grid", s.grid, most, "lengths of the grid, in windows")
      .option("--depths", s.depths, support::range::share,
              "of the needle, as shares of the text before it")
      .option("--samples", s.samples, most, "of each length and depth")
      .option("--control-samples", s.control_samples, {0, most.most},
              "of the grid's other policies; 0 for none")
      .option(
          "--policy", s.policy,
          "keep, surprisal, oldest, random, least_attended, least_recent, streaming_llm, h2o, "
          "tova, "
          "snap_kv, oracle, window; of the rivals window_only, ttt_e2e, full_attention, trim_kv, "
          "sr_ttt, sr_ttt_oracle, grad_full or grad_full_oracle")
      .option("--rivals", s.rivals, "a folder with models to compare with")
      .option("--frozen", s.frozen, "read without learning; not SR-TTT")
      .option(
          "--inner-rate", s.inner_rate, support::range::rate_or_none,
          "of the steps that the model takes while it reads; rivals have those of their training")
      .option("--other-phrasing", s.other_phrasing, "needles in words that were never trained")
      .option("--impossible", s.impossible, "the value that is asked for is not in the text")
      .option("--bible", s.bible, "a needle in the first chapter, all of the Bible, the question")
      .option("--claims", s.claims,
              "other values, words, numbers of needles and keys than those of training, in a table")
      .option("--quick", s.quick,
              "a small grid: depths .05, .5 and .95 at 8 and 32 windows, 8 samples each")
      .option("--models", s.models, "the folder of the models")
      .option("--model", s.model, "the model file in it")
      .option("--seed", s.seed, "of the samples")
      .option("--out", s.out, "the folder of the grid's report and picture")
      .option("--device", s.device, support::device_help)
      .option("--threads", s.threads, support::range::threads, "readings at the same time")
      .exclude("--quick", {"--grid", "--samples", "--depths", "--task", "--bible", "--claims"})
      .exclude("--bible", {"--task", "--grid", "--impossible"})
      .exclude("--claims", {"--task", "--grid", "--bible", "--impossible", "--other-phrasing"})
      .exclude("--grid", {"--task"});
  return program.run(argc, argv, [&]() -> support::Outcome {
    if (s.quick) {
      s.grid = {8, 32};
      s.samples = 8;
      s.depths = {0.05, 0.5, 0.95};
    }
    if (s.policy != Settings{}.policy && s.task.empty() && !s.bible && !s.claims) {
      throw RangeError("--policy needs --task, --bible or --claims: a grid has a row for each");
    }
    constexpr Index claims_windows = 20;  // 32 needles and a question take up to 2400 bytes
    if (s.claims && s.windows < claims_windows) {
      throw RangeError("--windows must be at least " + std::to_string(claims_windows) +
                       " with --claims, got " + std::to_string(s.windows));
    }
    const Asker asker(s);
    if (s.bible) return ask_bible(s, asker);
    if (s.claims) return ask_claims(s, asker);
    return s.task.empty() ? ask_grid(s, asker) : ask_task(s, asker);
  });
}
