// SPDX-License-Identifier: Apache-2.0
//
// Every system in one table: trains models of many kinds alike, on the same bytes in the same
// order, with as many parameters and the same optimiser, under several seeds, and measures their
// loss by position and in the course of training, what they recall, and what changes with their
// settings.
//
//   compare --quick
//   compare --out night
//   compare --systems sliding_window ttt_e2e --seeds 5 --out night
//   compare --report night
//
// A cell, one system under one seed, is a file in OUT/cells; what is there is not done again, and a
// training that was interrupted goes on where it was saved and ends in the same bits. At the end
// OUT has a page with tables, figures, and all numbers as JSON.
//
// smoke: --systems sliding_window ttt_linear --text {source}/docs/start.md --held-out {source}/LICENSE --tokens 1024 --length 256 --points 1 --texts 1 --text-length 512 --samples 1 --recall-length 512 --seeds 1 --out cmp --overwrite
// smoke: --report cmp

#include <ttt/file/atomic.hpp>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <iostream>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "compare/figures.hpp"
#include "compare/list.hpp"
#include "compare/run.hpp"
#include "compare/summary.hpp"
#include "compare/tables.hpp"
#include "support/machine.hpp"
#include "support/program.hpp"
#include "support/progress.hpp"

namespace {

using namespace ttt;

volatile std::sig_atomic_t signalled = 0;

/// Saves and stops; a second signal ends the program at once, and loses what has not been saved.
void stop(int signal) {
  signalled = 1;
  std::signal(signal, SIG_DFL);
}

/// What the command line says; 0 and empty stand for what the size of the run has.
struct Settings {
  bool quick = false;
  std::vector<std::string> systems;
  Index seeds = 0;
  Index tokens = 0;
  Index points = 0;
  Index texts = 0;
  Index text_length = 0;
  Index samples = 0;
  std::vector<Index> recall_length;
  compare::Plan plan;  ///< the settings that are alike in both sizes
  Index threads = support::this_machine().cores;
  std::string out = "comparison";
  std::string report;
  bool overwrite = false;
};

/// The plan of that size with what the command line says.
compare::Plan plan_of(const Settings& s) {
  const compare::Plan size = compare::plan_of(s.quick);
  compare::Plan plan = s.plan;
  const auto own = [](Index said, Index usual) { return said > 0 ? said : usual; };
  plan.tokens = own(s.tokens, size.tokens);
  plan.points = own(s.points, size.points);
  plan.curve_texts = size.curve_texts;
  plan.texts = own(s.texts, size.texts);
  plan.text_length = own(s.text_length, size.text_length);
  plan.samples = own(s.samples, size.samples);
  plan.recall_length = s.recall_length.empty() ? size.recall_length : s.recall_length;
  if (plan.prose + plan.needles == 0) throw RangeError("--prose and --needles must not both be 0");
  constexpr Index longest_chunk = 256;
  if (plan.length % longest_chunk != 0) {
    throw RangeError("--length must be a multiple of " + std::to_string(longest_chunk) + ", got " +
                     std::to_string(plan.length));
  }
  if (plan.text_length <= compare::shared.window) {
    throw RangeError("--text-length must be above " + std::to_string(compare::shared.window) +
                     ", got " + std::to_string(plan.text_length));
  }
  return plan;
}

/// The systems of those names; all if there are none, or in a quick run those of no ablation.
std::vector<compare::System> chosen(const Settings& s) {
  std::vector<compare::System> all = compare::systems();
  std::string names;
  for (const compare::System& system : all) {
    if (!names.empty()) names += ", ";
    names += system.identity.name;
  }
  const std::string refusal = "--systems must be of " + names + ", got ";
  for (const std::string& name : s.systems) {
    const bool known = std::ranges::any_of(
        all, [&](const compare::System& system) { return system.identity.name == name; });
    if (!known) throw RangeError(refusal + name);
  }
  std::erase_if(all, [&](const compare::System& system) {
    if (s.systems.empty()) return s.quick && !system.identity.base;
    return std::ranges::find(s.systems, system.identity.name) == s.systems.end();
  });
  return all;
}

/// The tables and figures of all cells in a folder.
support::Outcome report_of(const compare::Folder& folder) {
  const std::vector<compare::Cell> cells = folder.read();
  const auto groups = compare::groups_of(cells, compare::shared.window);
  const std::string page = compare::page_of(groups);
  std::cout << page;
  std::vector<support::Report> rows;
  rows.reserve(cells.size());
  for (const compare::Cell& cell : cells) rows.push_back(compare::report_of(cell));
  support::Report report;
  report.set("setting", cells.front().setting)
      .set("cells", rows)
      .set("machine", support::this_machine().report());
  support::Outcome::Files files{
      [page, path = folder.path / "README.md"] {
        file::write_atomically(path, std::as_bytes(std::span(page)));
      },
      [report, path = folder.path / "compare.json"] { report.write(path); }};
  for (auto& [name, chart] : compare::figures_of(groups)) {
    files.emplace_back([path = folder.path / name, figure = std::move(chart)] {
      support::write_svg(path, figure);
    });
  }
  return {std::move(report), std::move(files)};
}

support::Outcome run(const Settings& s) {
  if (!s.report.empty()) return report_of({s.report});
  const std::vector<compare::System> systems = chosen(s);
  const compare::Folder folder{s.out};
  const compare::Run run(plan_of(s), folder, s.threads, [] { return signalled != 0; });
  if (s.overwrite) folder.clear(systems);
  const auto jobs = run.jobs(systems, s.seeds > 0 ? s.seeds : (s.quick ? 1 : 3));
  if (!jobs.empty()) {
    run.print_estimate(jobs);
    support::Progress progress({.name = "compare", .steps = run.tokens(jobs)});
    run(jobs, [&](Index tokens) { progress.show({.step = tokens, .tokens = tokens}); });
  }
  if (signalled != 0) {
    std::cerr << "compare: stopped; the same command goes on\n";
    return {};
  }
  return report_of(folder);
}

}  // namespace

int main(int argc, char** argv) {
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, stop);
  namespace range = support::range;
  Settings s;
  compare::Training& training = s.plan.training;
  support::Program program("compare", "Trains and measures models of many kinds alike");
  program.option("--quick", s.quick, "ten minutes on two cores instead of a night")
      .option("--systems", s.systems, "their names; all if none is given")
      .option("--text", s.plan.text, "files or folders to train on; the King James Bible if none")
      .option("--held-out", s.plan.held_out,
              "files or folders to measure on; its held-out books if none")
      .option("--seeds", s.seeds, range::count_or_none, "of each system; 0 for 3, or 1 if quick")
      .option("--tokens", s.tokens, range::count_or_none,
              "that each is trained on; 0 for 4194304, or 204800 if quick")
      .option("--length", s.plan.length, range::count, "tokens of a text that is trained on")
      .option("--prose", s.plan.prose, range::count_or_none, "texts of prose in a batch")
      .option("--needles", s.plan.needles, range::count_or_none,
              "texts with needles and their questions in a batch")
      .option("--rate", training.rate, range::rate, "the highest of the optimiser")
      .option("--inner-rate", training.inner_rate, range::rate_or_none,
              "of steps while reading, of models that are trained for them")
      .option("--dynamic-rate", training.dynamic_rate, range::rate_or_none,
              "of steps while reading, in dynamic evaluation")
      .option("--points", s.points, range::count_or_none,
              "of the loss in training; 0 for 8, or 2 if quick")
      .option("--texts", s.texts, range::count_or_none,
              "for loss by position; 0 for 48, or 3 if quick")
      .option("--text-length", s.text_length, range::count_or_none,
              "bytes of each; 0 for 32 windows")
      .option("--samples", s.samples, range::count_or_none,
              "prompts of each task and length; 0 for 20, or 3 if quick")
      .option("--recall-length", s.recall_length, range::count, "bytes of prompt and answer")
      .option("--threads", s.threads, range::threads, "systems at the same time")
      .option("--out", s.out, "the folder of cells, checkpoints, tables and figures")
      .option("--overwrite", s.overwrite, "train and measure the systems again")
      .option("--report", s.report, "a folder, to make tables and figures of its cells alone")
      .exclude("--report", {"--quick", "--systems", "--text", "--held-out", "--seeds", "--tokens",
                            "--overwrite", "--out"});
  return program.run(argc, argv, [&] { return run(s); });
}
