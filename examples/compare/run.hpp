// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>
#include <ttt/measure/loss_by_position.hpp>
#include <ttt/parallel/threads.hpp>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <iostream>
#include <mutex>
#include <new>
#include <numeric>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "cell.hpp"
#include "course.hpp"
#include "folder.hpp"
#include "list.hpp"
#include "plan.hpp"
#include "prompts.hpp"
#include "reading.hpp"
#include "support/files.hpp"
#include "support/machine.hpp"
#include "support/progress.hpp"

namespace compare {

/// What went wrong, in words: the kind of an error, and its message.
[[nodiscard]] inline std::string words_of(const std::exception& error) {
  const auto is = [&]<class Kind>(std::type_identity<Kind> /*kind*/) {
    return dynamic_cast<const Kind*>(&error) != nullptr;
  };
  if (is(std::type_identity<std::bad_alloc>())) return "there is not enough memory";
  std::string kind = "error";
  if (is(std::type_identity<ShapeError>())) kind = "shape error";
  if (is(std::type_identity<SpecError>())) kind = "spec error";
  if (is(std::type_identity<RangeError>())) kind = "range error";
  if (is(std::type_identity<FormatError>())) kind = "format error";
  if (is(std::type_identity<FileError>())) kind = "file error";
  if (is(std::type_identity<NumberError>())) kind = "number error";
  return kind + ": " + error.what();
}

/// Trains and measures systems, each under several seeds, and writes a file for each cell. What is
/// there already is not done again.
class Run {
 public:
  struct Job {
    const System* system;
    std::uint64_t seed;
  };

  /// \throws RangeError if the held-out documents are too short for the plan, or a length of a
  ///         prompt is; FileError if the folder takes no file
  Run(const Plan& plan, Folder folder, Index threads, std::function<bool()> interrupted)
      : Run(plan, std::move(folder), held_out_of(plan), threads, std::move(interrupted)) {}
  /// The same with other documents to measure on.
  Run(const Plan& plan, Folder folder, const data::Corpus& held_out, Index threads,
      std::function<bool()> interrupted)
      : plan_(plan),
        folder_(std::move(folder)),
        threads_(threads),
        interrupted_(std::move(interrupted)),
        settings_(plan_.material()),
        material_(settings_, shared.vocab, training::Answers::drawn),
        texts_(stretches(held_out, plan_.texts, plan_.text_length)),
        curve_texts_(stretches(held_out, plan_.curve_texts, plan_.length)),
        prompts_(texts_of(held_out)) {
    for (const auto& [task, name] : tasks) {
      for (const Index length : plan_.recall_length) {
        Random any(1);
        static_cast<void>(prompts_.draw(any, task, length));  // refuses a length that is too short
      }
    }
    support::make_folder("--out", folder_.cells());
    support::make_folder("--out", folder_.path / "training");
  }

  /// What is left to do of some systems.
  ///
  /// \throws RangeError if the folder has cells of another plan.
  [[nodiscard]] std::vector<Job> jobs(const std::vector<System>& systems, Index seeds) const {
    for (const std::filesystem::path& file : folder_.cell_files()) {
      const std::string setting = read_cell(file).setting;
      if (setting == plan_.setting()) continue;
      throw RangeError("--out: " + file.string() + " was measured with other settings, " + setting);
    }
    std::vector<Job> left;
    for (Index seed = 1; seed <= seeds; ++seed) {
      for (const System& system : systems) {
        const Job job{&system, static_cast<std::uint64_t>(seed)};
        const bool done = std::ranges::all_of(
            system.readings, [&](const Reading& reading) { return is_done(reading, job.seed); });
        if (!done) left.push_back(job);
      }
    }
    return left;
  }

  /// Says how long jobs will take, at the speed of one batch and one text of each system.
  void print_estimate(const std::vector<Job>& jobs) const {
    std::vector<const System*> each;
    for (const Job& job : jobs) {
      if (std::ranges::find(each, job.system) == each.end()) each.push_back(job.system);
    }
    std::vector<double> seconds(each.size());
    std::mutex guard;
    for_each_index(threads_, std::ssize(each),
                   [&](Index n) { at(seconds, n) = seconds_of(*at(each, n), guard); });
    double total = 0;
    for (const Job& job : jobs) {
      const auto found = std::ranges::find(each, job.system) - each.begin();
      total += at(seconds, found);
    }
    std::cerr << "compare: " << jobs.size() << " trainings, about "
              << support::as_time(total / static_cast<double>(threads_)) << " on " << threads_
              << " threads" << std::endl;
  }

  /// Tokens that jobs train on.
  [[nodiscard]] Index tokens(const std::vector<Job>& jobs) const {
    return plan_.steps() * plan_.batch_tokens() * std::ssize(jobs);
  }

  /// Does jobs, several at the same time. One that fails keeps no other from being done. `show` is
  /// told the tokens that were trained on so far, by one thread at a time.
  ///
  /// \throws Error, with the kind and the message of each, if some failed.
  void operator()(const std::vector<Job>& jobs, const std::function<void(Index)>& show) const {
    Index done = 0;
    std::string failures;
    std::mutex guard;
    const auto count = [&](Index tokens) {
      const std::lock_guard lock(guard);
      done += tokens;
      show(done);
    };
    for_each_index(threads_, std::ssize(jobs), [&](Index n) {
      const Job& job = at(jobs, n);
      if (interrupted_()) return;
      try {
        train_and_measure(job, count);
      } catch (const std::exception& error) {
        const std::lock_guard lock(guard);
        failures += (failures.empty() ? "" : "; ") + std::string(job.system->identity.name) +
                    ", seed " + std::to_string(job.seed) + ", " + words_of(error);
      }
    });
    if (!failures.empty()) throw Error(failures);
  }

 private:
  static std::vector<std::string> texts_of(const data::Corpus& documents) {
    std::vector<std::string> texts;
    texts.reserve(documents.size());
    for (const data::Document& document : documents) texts.push_back(document.text);
    return texts;
  }

  [[nodiscard]] bool is_done(const Reading& reading, std::uint64_t seed) const {
    return std::filesystem::exists(folder_.cell(reading.name, seed));
  }

  /// Of one training and its readings.
  [[nodiscard]] double seconds_of(const System& system, std::mutex& guard) const {
    const auto student = system.begin(plan_.training_of(1), {}, {});
    Random random(1);
    const training::Batch batch = material_.draw(random);
    const support::Stopwatch step;
    student->step(batch.texts);
    const double train = step.seconds() / static_cast<double>(plan_.batch_tokens());
    const auto& text = curve_texts_.front();
    const support::Stopwatch watch;
    student->reader(Way::as_trained)->read(text);
    const double read = watch.seconds() / static_cast<double>(text.size());
    const Index bytes =
        std::accumulate(plan_.recall_length.begin(), plan_.recall_length.end(), Index{0});
    const Index recalled = system.identity.base ? bytes * plan_.samples * std::ssize(tasks) : 0;
    const Index tokens =
        std::ssize(system.readings) * (plan_.texts * plan_.text_length + recalled) +
        plan_.points * plan_.curve_texts * plan_.length;
    const double seconds = train * static_cast<double>(plan_.steps() * plan_.batch_tokens()) +
                           read * static_cast<double>(tokens);
    const std::lock_guard lock(guard);
    std::cerr << "compare: " << system.identity.name << ": " << support::with_prefix(1 / train)
              << " tokens/s in training, " << support::with_prefix(1 / read) << " in reading, "
              << support::as_time(seconds) << " a seed" << std::endl;
    return seconds;
  }

  void train_and_measure(const Job& job, const std::function<void(Index)>& count) const {
    const std::string recipe = "system " + std::string(job.system->identity.name) + ", seed " +
                               std::to_string(job.seed) + ", " + plan_.recipe();
    const std::filesystem::path checkpoint = folder_.checkpoint(*job.system, job.seed);
    const auto student = job.system->begin(plan_.training_of(job.seed), checkpoint, recipe);
    const auto course = Lessons(plan_, material_, curve_texts_, interrupted_, count)
                            .teach(*student, checkpoint, recipe);
    if (!course) return;
    for (const Reading& reading : job.system->readings) {
      if (is_done(reading, job.seed)) continue;
      if (interrupted_()) return;
      report_of(measured(job, reading, *student, *course))
          .set("machine", support::this_machine().report())
          .write(folder_.cell(reading.name, job.seed));
    }
  }

  [[nodiscard]] Cell measured(const Job& job, const Reading& reading, const Student& student,
                              const Course& course) const {
    const MakeReader make = [&] { return student.reader(reading.way); };
    const Identity& identity = job.system->identity;
    Cell cell{.system = reading.name,
              .title = reading.title,
              .seed = job.seed,
              .setting = plan_.setting(),
              .spec = job.system->spec,
              .parameters = job.system->parameters,
              .base = identity.base};
    if (reading.way == Way::as_trained) {
      cell.curve = course.curve;
      for (const Ablation& ablation : identity.ablations) {
        if (ablation.varied.empty()) continue;
        cell.ablations.push_back({std::string(ablation.varied), ablation.value});
      }
    }
    const Read read = read_texts(make, texts_);
    cell.memory_bytes = read.memory_bytes;
    cell.positions = measure::loss_by_position(
        read.scored, measure::log_edges({.first = shared.chunk, .last = plan_.text_length}));
    if (identity.base) cell.recall = recall_rows(make, prompts_, plan_, job.seed);
    return cell;
  }

  Plan plan_;
  Folder folder_;
  Index threads_;
  std::function<bool()> interrupted_;
  training::Settings settings_;
  training::Material material_;
  std::vector<std::vector<Token>> texts_;
  std::vector<std::vector<Token>> curve_texts_;
  Prompts prompts_;
};

}  // namespace compare
