// SPDX-License-Identifier: Apache-2.0
//
// Hides a number in a text, lets a model read the text in constant memory, and asks for the number:
// how often is it given back, byte for byte, for each length, depth and policy of the cache?
//
//   needles --quick
//   needles --task s_niah_2 --windows 64 --samples 100 --policy oldest --json oldest.json
//   needles --bible --samples 20
//
// smoke: --models {source}/examples/models --task s_niah_2 --windows 4 --samples 1 --depths 0.5
// smoke: --models {source}/examples/models --grid 4 5 --samples 1 --depths 0.5 --out needles

#include <ttt/data/king_james.hpp>
#include <ttt/data/needles.hpp>
#include <ttt/measure/proportion.hpp>
#include <ttt/measure/recall.hpp>
#include <ttt/model/params_file.hpp>
#include <ttt/model/session.hpp>
#include <ttt/parallel/threads.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <limits>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models.hpp"
#include "support/corpus.hpp"
#include "support/heat_map.hpp"
#include "support/machine.hpp"
#include "support/program.hpp"
#include "support/progress.hpp"

namespace {

using namespace ttt;

struct Settings {
  std::string models = "examples/models";
  std::string model = "bookkeeper.safetensors";
  std::string task;
  std::string policy = "keep";
  std::string out = "needles";
  std::vector<std::string> depths{"0.05", "0.25", "0.5", "0.75", "0.95"};
  std::vector<Index> grid{8, 64, 128};
  Index windows = 64;
  Index samples = 100;
  std::uint64_t seed = 1;
  double inner_rate = 0.4;
  bool frozen = false;
  bool other_phrasing = false;
  bool impossible = false;
  bool bible = false;
  bool quick = false;
  Index threads = support::this_machine().cores;
};

/// What can be chosen at the command line: an order of eviction, and what goes around it.
struct Policy {
  std::string_view name;
  bool (*leaves)(const Entry&, const Entry&);
  std::string_view words;
};

template <class Order>
bool leaves_by(const Entry& a, const Entry& b) {
  return Order{}(a, b);
}

constexpr std::array policies{
    Policy{"keep", leaves_by<evict::LeastWanted>, "the lowest keep score leaves"},
    Policy{"surprisal", leaves_by<evict::LeastSurprising>, "the least surprising leaves"},
    Policy{"oldest", leaves_by<evict::Oldest>, "the oldest leaves"},
    Policy{"random", leaves_by<evict::Random<1>>, "anybody leaves"},
    Policy{"least_attended", leaves_by<evict::LeastAttended>, "the least attended leaves"},
    Policy{"least_recent", leaves_by<evict::LeastRecentlyAttended>, "the least recently attended"},
    Policy{"oracle", leaves_by<evict::LeastWanted>, "the needle stays, then as keep"},
    Policy{"window", nullptr, "no cache"},
};

const Policy& policy_named(std::string_view name) {
  const auto found = std::ranges::find(policies, name, &Policy::name);
  if (found == policies.end()) {
    std::string names;
    for (const Policy& policy : policies) names += ' ' + std::string(policy.name);
    throw RangeError("--policy must be one of" + names + ", got " + std::string(name));
  }
  return *found;
}

/// An order that is chosen at run time: a policy is any type with the right call.
struct ChosenOrder {
  static inline bool (*leaves)(const Entry&, const Entry&) = nullptr;
  bool operator()(const Entry& a, const Entry& b) const { return leaves(a, b); }
};
struct ChosenAdmission {
  bool operator()(std::span<const Entry> /*offered*/, std::size_t /*n*/) const {
    return ChosenOrder::leaves != nullptr;
  }
};
using Model = models::BookkeeperWith<ChosenOrder, ChosenAdmission, signal::KeepScore>;
using Params = Model::Params<Matrix<float>>;

constexpr Index window = Model::spec.window;

const std::map<std::string, data::NeedleTask> tasks{{"s_niah_1", data::NeedleTask::s_niah_1},
                                                    {"s_niah_2", data::NeedleTask::s_niah_2},
                                                    {"s_niah_3", data::NeedleTask::s_niah_3},
                                                    {"multi_key", data::NeedleTask::multi_key}};

/// One cell's worth of asking.
struct Question {
  data::NeedleSetting setting;
  Index samples;
  std::uint64_t seed;
};

/// What came of a cell, sample by sample.
struct Cell {
  std::vector<measure::Recall> recalls;
  std::vector<data::KeyWords> words;

  /// The mean of a number over samples in which it is one.
  template <class Of>
  [[nodiscard]] double mean(Of&& of) const {
    double sum = 0;
    Index count = 0;
    for (const auto& recall : recalls) {
      const auto number = static_cast<double>(of(recall));
      if (!std::isfinite(number)) continue;
      sum += number;
      ++count;
    }
    return count == 0 ? std::numeric_limits<double>::quiet_NaN() : sum / static_cast<double>(count);
  }
  [[nodiscard]] double exact() const {
    return mean([](const auto& r) { return r.exact; });
  }
};

/// Asks about every sample of a cell. The samples depend on seed and setting alone, so that
/// policies are compared on the same.
class Asker {
 public:
  Asker(const Settings& settings, const Params& params)
      : settings_(settings), params_(params), needles_(prose()) {}

  [[nodiscard]] Cell ask(const Question& question, const Policy& policy,
                         support::Progress& progress, Index& done) const {
    ChosenOrder::leaves = policy.leaves;
    Cell cell;
    cell.recalls.resize(static_cast<std::size_t>(question.samples));
    cell.words.resize(cell.recalls.size());
    std::mutex guard;
    for_each_index(settings_.threads, question.samples, [&](Index i) {
      const auto n = static_cast<std::size_t>(i);
      data::NeedleSetting setting = question.setting;
      setting.words = i % 2 == 0 ? data::KeyWords::training : data::KeyWords::held_out;
      Random random(question.seed, static_cast<std::uint64_t>(i) << 32U);
      const data::NeedleSample sample = needles_.sample(random, setting);
      cell.recalls[n] = answer(sample, policy);
      cell.words[n] = setting.words;
      const std::lock_guard lock(guard);
      done += setting.length;
      progress.show({.step = done, .tokens = done});
    });
    return cell;
  }

  [[nodiscard]] measure::Recall answer(const data::NeedleSample& sample,
                                       const Policy& policy) const {
    Session<Model>::Options options;
    options.inner.optimiser.rate = settings_.inner_rate;
    options.learning = settings_.frozen ? Learning::off : Learning::on;
    if (policy.name == "oracle") {
      for (std::size_t n = 0; n < sample.secret.value.size(); ++n) {
        options.pinned.push_back(sample.value_begin + static_cast<Index>(n));
      }
    }
    Session<Model> session(params_, options);
    session.read(data::bytes(sample.text));
    return measure::recall(std::move(session), sample.secret, sample.value_begin, window);
  }

 private:
  static std::vector<std::string> prose() {
    std::vector<std::string> texts;
    for (auto& document :
         data::hold_out(support::king_james_corpus(), data::king_james_held_out()).held_out) {
      texts.push_back(std::move(document.text));
    }
    return texts;
  }

  const Settings& settings_;
  const Params& params_;
  data::Needles needles_;
};

/// All depths of a task at a length, under a policy.
struct Row {
  std::string task;
  Index windows;
  std::string policy;
  std::vector<std::string> depths;
  std::vector<Cell> cells;  ///< of the depths

  template <class Of>
  [[nodiscard]] double mean(Of&& of) const {
    double sum = 0;
    Index count = 0;
    for (const Cell& cell : cells) {
      const double number = cell.mean(of);
      if (!std::isfinite(number)) continue;
      sum += number;
      ++count;
    }
    return count == 0 ? std::numeric_limits<double>::quiet_NaN() : sum / static_cast<double>(count);
  }
  [[nodiscard]] double exact() const {
    return mean([](const auto& r) { return r.exact; });
  }
  /// Exact match where the key is made of such words.
  [[nodiscard]] double exact(data::KeyWords words) const {
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
    Index right = 0;
    Index count = 0;
    for (const Cell& cell : cells) {
      for (const auto& recall : cell.recalls) right += recall.exact ? 1 : 0;
      count += std::ssize(cell.recalls);
    }
    return measure::wilson(right, count);
  }
  [[nodiscard]] support::Report report() const {
    support::Report exact_at;
    for (std::size_t n = 0; n < cells.size(); ++n) exact_at.set(depths[n], cells[n].exact());
    support::Report report;
    return report.set("task", task)
        .set("windows", windows)
        .set("policy", policy)
        .set("samples", cells.empty() ? 0 : std::ssize(cells.front().recalls))
        .set("exact_mean", exact())
        .set("exact", exact_at)
        .set("low", interval().lower)
        .set("high", interval().upper)
        .set("exact_known_words", exact(data::KeyWords::training))
        .set("exact_new_words", exact(data::KeyWords::held_out))
        .set("right_bytes", mean([](const auto& r) {
               return static_cast<double>(r.right) / static_cast<double>(r.answer.size());
             }))
        .set("containment", mean([](const auto& r) { return r.contained; }))
        .set("addressing", mean([](const auto& r) { return r.addressed; }))
        .set("window_over_length", 1.0 / static_cast<double>(windows));
  }
};

void print_head(const std::vector<std::string>& depths) {
  std::cout
      << "\n     task  windows         policy  exact   95 % interval  known  new words  stored"
         "  looked at  window/length   depth";
  for (const std::string& depth : depths) std::cout << std::setw(6) << depth;
  std::cout << '\n';
}

void print(const Row& row) {
  const auto bounds = row.interval();
  std::cout << std::fixed << std::setprecision(2) << std::setw(9) << row.task << std::setw(9)
            << row.windows << std::setw(15) << row.policy << std::setw(7) << row.exact() << "  ["
            << bounds.lower << ", " << bounds.upper << ']' << std::setw(8)
            << row.exact(data::KeyWords::training) << std::setw(11)
            << row.exact(data::KeyWords::held_out) << std::setw(8)
            << row.mean([](const auto& r) { return r.contained; }) << std::setw(11)
            << row.mean([](const auto& r) { return r.addressed; }) << std::setw(15)
            << std::setprecision(4) << 1.0 / static_cast<double>(row.windows) << "        "
            << std::setprecision(2);
  for (const Cell& cell : row.cells) std::cout << std::setw(6) << cell.exact();
  std::cout << std::endl;
}

/// What pairs of samples say: how often only `ours`, only `theirs` is right.
support::Report paired(const Row& ours, const Row& theirs) {
  Index only_ours = 0;
  Index only_theirs = 0;
  for (std::size_t c = 0; c < ours.cells.size(); ++c) {
    for (std::size_t n = 0; n < ours.cells[c].recalls.size(); ++n) {
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

Row ask_row(const Settings& settings, const Asker& asker, const std::string& task, Index windows,
            const std::string& policy) {
  Row row{
      .task = task, .windows = windows, .policy = policy, .depths = settings.depths, .cells = {}};
  support::Progress progress(
      {.name = task + ' ' + std::to_string(windows) + ' ' + policy,
       .steps = windows * window * settings.samples * std::ssize(settings.depths)});
  Index done = 0;
  for (const std::string& depth : settings.depths) {
    const Question question{.setting = {.task = tasks.at(task),
                                        .length = windows * window,
                                        .depth = std::stod(depth),
                                        .phrasing = settings.other_phrasing ? data::Phrasing::other
                                                                            : data::Phrasing::ruler,
                                        .impossible = settings.impossible},
                            .samples = settings.samples,
                            .seed = settings.seed};
    row.cells.push_back(asker.ask(question, policy_named(policy), progress, done));
  }
  return row;
}

support::Report ask_task(const Settings& settings, const Asker& asker) {
  if (!tasks.contains(settings.task)) {
    throw RangeError("--task must be s_niah_1, s_niah_2, s_niah_3 or multi_key, got " +
                     settings.task);
  }
  const Row row = ask_row(settings, asker, settings.task, settings.windows, settings.policy);
  print_head(settings.depths);
  print(row);
  return row.report().set("machine", support::this_machine().report());
}

/// Every task at every length under our policy, and a prose task under all of them.
support::Report ask_grid(const Settings& settings, const Asker& asker) {
  std::filesystem::create_directories(settings.out);
  print_head(settings.depths);
  std::vector<Row> rows;
  const auto add = [&](const std::string& task, Index windows, const std::string& policy) {
    rows.push_back(ask_row(settings, asker, task, windows, policy));
    print(rows.back());
  };
  for (const Policy& policy : policies) {
    for (const Index windows : settings.grid) add("s_niah_2", windows, std::string(policy.name));
  }
  const std::size_t prose_rows = rows.size();
  if (!settings.quick) {
    for (const auto& [name, task] : tasks) {
      if (task == data::NeedleTask::s_niah_2) continue;
      for (const Index windows : settings.grid) add(name, windows, "keep");
    }
  }

  support::HeatMap map{
      .title = "A number in prose, given back exactly",
      .row_title = "depth",
      .column_title = "length of the text in windows of " + std::to_string(window) + " bytes",
      .rows = settings.depths,
      .columns = {},
      .panels = {}};
  map.columns.reserve(settings.grid.size());
  for (const Index windows : settings.grid) map.columns.push_back(std::to_string(windows));
  std::vector<support::Report> pairs;
  for (std::size_t n = 0; n < prose_rows; ++n) {
    const std::size_t column = n % settings.grid.size();
    if (column == 0) {
      map.panels.push_back({.title = rows[n].policy, .cells = {}});
      map.panels.back().cells.assign(settings.depths.size(),
                                     std::vector<double>(settings.grid.size()));
    }
    for (std::size_t depth = 0; depth < settings.depths.size(); ++depth) {
      map.panels.back().cells[depth][column] = rows[n].cells[depth].exact();
    }
    if (n >= settings.grid.size()) pairs.push_back(paired(rows[column], rows[n]));
  }
  const auto picture = std::filesystem::path(settings.out) / "needles.svg";
  support::write_svg(picture, map);
  std::cout << "\nThe picture is " << picture.string() << ".\n";

  std::vector<support::Report> reports;
  for (const Row& row : rows) reports.push_back(row.report());
  support::Report report;
  report.set("rows", reports).set("pairs", pairs).set("machine", support::this_machine().report());
  report.write(std::filesystem::path(settings.out) / "needles.json");
  return report;
}

/// A needle in the first chapter, the whole King James Bible after it, and then the question.
support::Report ask_bible(const Settings& settings, const Asker& asker) {
  std::string bible;
  for (const data::Document& book : support::king_james_corpus()) bible += book.text;
  const std::size_t place = std::min<std::size_t>(bible.size(), 1500);
  const std::size_t sentence = bible.find('\n', place) + 1;
  std::vector<measure::Recall> recalls(static_cast<std::size_t>(settings.samples));
  ChosenOrder::leaves = policy_named(settings.policy).leaves;
  support::Progress progress(
      {.name = "bible", .steps = static_cast<Index>(bible.size()) * settings.samples});
  std::mutex guard;
  Index done = 0;
  for_each_index(settings.threads, settings.samples, [&](Index i) {
    Random random(settings.seed, static_cast<std::uint64_t>(i) << 32U);
    data::NeedleSample sample{
        .text = bible.substr(0, sentence),
        .secret = data::Secret::draw(
            random, i % 2 == 0 ? data::KeyWords::training : data::KeyWords::held_out, false)};
    sample.needle_begin = static_cast<Index>(sentence);
    sample.text += sample.secret.needle();
    sample.value_begin =
        std::ssize(sample.text) - 1 - static_cast<Index>(sample.secret.value.size());
    sample.text += '\n' + bible.substr(sentence) + sample.secret.question();
    recalls[static_cast<std::size_t>(i)] = asker.answer(sample, policy_named(settings.policy));
    const std::lock_guard lock(guard);
    done += std::ssize(bible);
    progress.show({.step = done, .tokens = done});
  });
  const Index exact = std::ranges::count(recalls, true, &measure::Recall::exact);
  const auto bounds = measure::wilson(exact, settings.samples);
  const Index windows = static_cast<Index>(bible.size()) / window;
  std::cout << std::fixed << std::setprecision(3) << exact << " of " << settings.samples
            << " numbers given back after the whole King James Bible, " << bible.size()
            << " bytes or " << windows << " windows [" << bounds.lower << ", " << bounds.upper
            << "]\n";
  support::Report report;
  return report.set("exact_mean", static_cast<double>(exact) / static_cast<double>(recalls.size()))
      .set("low", bounds.lower)
      .set("high", bounds.upper)
      .set("bytes", bible.size())
      .set("window_over_length", 1.0 / static_cast<double>(windows))
      .set("machine", support::this_machine().report());
}

}  // namespace

int main(int argc, char** argv) {
  Settings s;
  support::Program program("needles", "Asks a model for numbers that it read long ago");
  program.option("--task", s.task, "s_niah_1, s_niah_2, s_niah_3 or multi_key; a grid if not given")
      .option("--windows", s.windows, "length of the text of a task, in windows of 128 bytes")
      .option("--grid", s.grid, "lengths of the grid, in windows")
      .option("--depths", s.depths, "of the needle, as shares of the text before it")
      .option("--samples", s.samples, "of each length and depth")
      .option("--policy", s.policy,
              "keep, surprisal, oldest, random, least_attended, least_recent, oracle or window")
      .option("--frozen", s.frozen, "read without learning")
      .option("--inner-rate", s.inner_rate, "of the steps that the model takes while it reads")
      .option("--other-phrasing", s.other_phrasing, "needles in words that were never trained")
      .option("--impossible", s.impossible, "the value that is asked for is not in the text")
      .option("--bible", s.bible, "a needle in the first chapter, all of the Bible, the question")
      .option("--quick", s.quick, "a small grid")
      .option("--models", s.models, "the folder of the models")
      .option("--model", s.model, "the model file in it")
      .option("--seed", s.seed, "of the samples")
      .option("--out", s.out, "the folder of the grid's report and picture")
      .option("--threads", s.threads, "readings at the same time");
  return program.run(argc, argv, [&] {
    if (s.quick) {
      s.grid = {8, 32};
      s.samples = 8;
      s.depths = {"0.05", "0.5", "0.95"};
    }
    const auto params = models::renamed<Params>(
        read_params<models::Bookkeeper>(std::filesystem::path(s.models) / s.model));
    const Asker asker(s, params);
    if (s.bible) return ask_bible(s, asker);
    return s.task.empty() ? ask_grid(s, asker) : ask_task(s, asker);
  });
}
