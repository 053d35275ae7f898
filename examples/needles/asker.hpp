// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/parallel/threads.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "models.hpp"
#include "needles/contenders.hpp"
#include "needles/rows.hpp"
#include "recall/needles.hpp"
#include "support/corpus.hpp"
#include "support/files.hpp"
#include "support/machine.hpp"
#include "support/progress.hpp"

namespace needles {

using namespace ttt;

/// What the program was told.
struct Settings {
  std::string models = support::models_folder();
  std::string model = "bookkeeper.safetensors";
  std::string task;
  std::string policy = "keep";
  std::string rivals;  // a folder; none if empty
  std::string out = "needles";
  std::string device = "cpu";
  std::vector<double> depths{0.05, 0.25, 0.5, 0.75, 0.95};
  std::vector<Index> grid{64, 128};
  Index windows = 64;
  Index samples = 100;
  Index control_samples = 40;
  std::uint64_t seed = 1;
  double inner_rate = models::bookkeeper_rate;
  bool frozen = false;
  bool other_phrasing = false;
  bool impossible = false;
  bool bible = false;
  bool claims = false;
  bool quick = false;
  Index threads = support::this_machine().cores;
};

/// Bytes that a query of ours sees.
inline constexpr Index window = models::Bookkeeper::spec.window;

/// Tasks by their names.
inline const std::map<std::string, recall::NeedleTask> tasks{
    {"s_niah_1", recall::NeedleTask::s_niah_1},
    {"s_niah_2", recall::NeedleTask::s_niah_2},
    {"s_niah_3", recall::NeedleTask::s_niah_3},
    {"multi_key", recall::NeedleTask::multi_key}};

/// The books of the Bible that no model was trained on.
inline std::vector<std::string> held_out_prose() {
  std::vector<std::string> texts;
  for (auto& document : support::king_james_split().held_out) {
    texts.push_back(std::move(document.text));
  }
  return texts;
}

/// Asks contenders for what samples hide.
class Asker {
 public:
  explicit Asker(const Settings& settings)
      : settings_(settings), needles_(recall::Haystack(held_out_prose())) {
    const Reading reading{settings.inner_rate, settings.frozen, settings.device};
    contenders_ = with_policies(support::model_file(settings.models, settings.model), reading);
    if (!settings.rivals.empty()) {
      auto [rivals, absent] = needles::rivals(settings.rivals, settings.frozen, settings.device);
      for (const std::string& file : absent) {
        std::cerr << "needles: " << settings.rivals << " has no " << file << '\n';
      }
      if (rivals.empty()) {
        throw RangeError("--rivals must be a folder with models to compare with, got " +
                         settings.rivals);
      }
      for (auto& rival : rivals) contenders_.push_back(std::move(rival));
    }
  }

  /// Ours is the first.
  [[nodiscard]] const std::vector<Contender>& contenders() const { return contenders_; }

  /// The contender that the settings name.
  [[nodiscard]] const Contender& chosen() const {
    const auto found = std::ranges::find(contenders_, settings_.policy, &Contender::name);
    if (found == contenders_.end()) {
      std::string names;
      for (const Contender& contender : contenders_) names += ' ' + contender.name;
      throw RangeError("--policy must be one of" + names + ", got " + settings_.policy);
    }
    return *found;
  }

  /// Asks about samples of a task, of a cell's depth. The samples depend on seed and setting alone,
  /// so that contenders are compared on the same; those of different depths are drawn
  /// independently.
  [[nodiscard]] Cell ask(const Contender& contender, const recall::NeedleSetting& cell_setting,
                         Index samples, support::Progress& progress, Index& done) const {
    const auto stream = static_cast<std::uint64_t>(std::llround(cell_setting.depth * 10000));
    return answers(contender, samples, cell_setting.length, stream, progress, done,
                   [&](Random& random, recall::KeyWords words) {
                     recall::NeedleSetting setting = cell_setting;
                     setting.words = words;
                     return needles_.sample(random, setting);
                   });
  }

  /// Asks about the samples that draw(random, words of its keys) makes, of about `length` bytes,
  /// from one of many streams of random numbers.
  template <class Draw>
  [[nodiscard]] Cell answers(const Contender& contender, Index samples, Index length,
                             std::uint64_t stream, support::Progress& progress, Index& done,
                             Draw&& draw) const {
    Cell cell;
    cell.recalls.resize(static_cast<std::size_t>(samples));
    cell.words.resize(cell.recalls.size());
    std::mutex guard;
    for_each_index(settings_.threads, samples, [&](Index i) {
      const auto n = static_cast<std::size_t>(i);
      cell.words[n] = i % 2 == 0 ? recall::KeyWords::training : recall::KeyWords::held_out;
      Random random(settings_.seed, stream << 48U | static_cast<std::uint64_t>(i) << 24U);
      const recall::NeedleSample sample = draw(random, cell.words[n]);
      cell.recalls[n] = contender.answer(sample);
      const std::lock_guard lock(guard);
      done += length;
      progress.show({.step = done, .tokens = done});
    });
    return cell;
  }

 private:
  const Settings& settings_;
  recall::Needles needles_;
  std::vector<Contender> contenders_;
};

/// Asks in every depth. Fewer samples are the first ones of more.
inline Row ask_row(const Settings& settings, const Asker& asker, const std::string& task,
                   Index windows, const Contender& contender, Index samples) {
  Row row{.task = task,
          .windows = windows,
          .policy = contender.name,
          .depths = names_of(settings.depths),
          .cells = {}};
  support::Progress progress({.name = task + ' ' + std::to_string(windows) + ' ' + contender.name,
                              .steps = windows * window * samples * std::ssize(settings.depths)});
  Index done = 0;
  for (const double depth : settings.depths) {
    const recall::NeedleSetting setting{
        .task = tasks.at(task),
        .length = windows * window,
        .depth = depth,
        .phrasing = settings.other_phrasing ? recall::Phrasing::other : recall::Phrasing::ruler,
        .impossible = settings.impossible};
    row.cells.push_back(asker.ask(contender, setting, samples, progress, done));
  }
  return row;
}

}  // namespace needles
