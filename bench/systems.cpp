// SPDX-License-Identifier: Apache-2.0
//
// How fast is each system, and how large is the state of a text? Of each: tokens a second of
// reading texts of several lengths, of generating behind them, and of the gradient of a text's
// loss; the bytes of a text's state; and, beside the rate of matrix products, how many
// floating-point operations of products a second reading comes to.
//
// bench/systems.py runs this program and PyTorch forms of the same systems in turns.
//
// smoke: --lengths 128 300 --decode 2 --train 128 --threads 2

#include <ttt/error.hpp>

#include <algorithm>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "support/machine.hpp"
#include "support/program.hpp"
#include "systems/list.hpp"

namespace {

using namespace ttt;

std::string names() {
  std::string all;
  for (const systems::System& one : systems::all) {
    all += (all.empty() ? "" : ", ") + std::string(one.name);
  }
  return all;
}

const systems::System& system_of(const std::string& name) {
  const auto* const found = std::ranges::find(systems::all, name, &systems::System::name);
  if (found == std::ranges::end(systems::all)) {
    throw RangeError("--systems must be of " + names() + ", got " + name);
  }
  return *found;
}

/// The names of all systems, for a program that runs them one by one.
support::Report list() {
  std::vector<std::string_view> all;
  for (const systems::System& one : systems::all) all.push_back(one.name);
  support::Report report;
  report.set("systems", all).set("machine", support::this_machine().report());
  std::cout << report.text();
  return report;
}

support::Report measure(const std::vector<std::string>& chosen, const systems::Work& work) {
  std::vector<support::Report> reports;
  for (const std::string& name : chosen) {
    const systems::Measured measured = system_of(name).measure(work);
    support::Report shape;
    for (const auto& [part, number] : measured.shape) shape.set(part, number);
    support::Report report;
    report.set("system", name).set("shape", shape).set("rows", measured.rows);
    reports.push_back(report);
    std::cerr << name << ": measured\n";
  }
  support::Report report;
  report.set("threads", work.threads)
      .set("product_rate", support::product_rate(work.threads))
      .set("systems", reports)
      .set("machine", support::this_machine().report());
  std::cout << report.text();
  return report;
}

}  // namespace

int main(int argc, char** argv) {
  systems::Work work;
  std::vector<std::string> chosen;
  for (const systems::System& one : systems::all) chosen.emplace_back(one.name);
  support::Program program("systems", "Measures every system in the same terms");
  bool only_names = false;
  program.option("--systems", chosen, "of " + names())
      .option("--list", only_names, "prints the names of the systems and measures none")
      .option("--lengths", work.lengths, support::range::count, "tokens of the texts")
      .option("--decode", work.decode, support::range::count_or_none,
              "tokens generated behind each; 0 for none")
      .option("--train", work.train, support::range::count_or_none,
              "tokens of a gradient; 0 for none; a multiple of the chunk")
      .option("--threads", work.threads, support::range::threads, "inside a text")
      .option("--width", work.width, {256, 768}, "of the models: 256 or 768");
  return program.run(argc, argv, [&] {
    if (only_names) return list();
    if (work.width != systems::small.width && work.width != systems::large.width) {
      throw RangeError("--width must be 256 or 768, got " + std::to_string(work.width));
    }
    return measure(chosen, work);
  });
}
