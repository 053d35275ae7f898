// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/decimal.hpp>
#include <ttt/file/utf8.hpp>
#include <ttt/shape.hpp>

#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "support/machine.hpp"
#include "support/program.hpp"

/// The parts of the program `train`: what it is told, what it trains on, and a run.
namespace training {

using ttt::Index;

/// What a run is told. The members up to `capacity_penalty` decide its bits; the others do not.
struct Settings {
  std::string model = "bookkeeper";
  std::string objective = "meta";
  std::vector<std::string> text;  // files or folders; the King James Bible if there are none
  std::vector<std::string> freeze;
  std::string start;  // a model file to start from; new parameters if empty
  std::uint64_t seed = 1;
  Index steps = 1000;
  Index batch = 4;
  Index accumulate = 1;
  Index length = 1024;
  Index warmup = 100;
  Index inner_warmup = 100;
  double rate = 3e-3;
  double end_rate = 1e-5;
  double inner_rate = 1;
  double inner_clip = 1;
  double inner_momentum = 0;
  double weight_decay = 0.1;
  Index echoes = 0;  // texts of each kind in each batch, besides the prose
  Index associations = 0;
  Index needles = 0;
  Index most_needles = 4;            // in a text
  std::vector<Index> recall_length;  // of a text of these kinds; one is drawn for each
  double recall_weight = 1;          // of each of these texts, where one of prose has 1
  std::vector<Index> slots;          // of caches; one is drawn for each step
  double keep_penalty = 0.02;
  double peak_penalty = 0;
  double capacity_penalty = 0;

  std::string out = "model.safetensors";
  std::string pieces;      // of a model that does not read bytes
  std::string checkpoint;  // beside `out` if empty
  std::string log;         // none if empty
  Index checkpoint_every = 100;
  std::vector<std::string> validate;  // files or folders of held-out texts; see validates()
  Index validate_every = 0;           // steps; 0 for the end alone
  Index validate_length = 8192;       // tokens of each held-out text; 0 for all
  Index stop_after = 0;               // steps of this run; 0 goes on to the end
  Index threads = support::this_machine().cores;
  std::string device = "cpu";
  bool resume = false;
  bool overwrite = false;

  static constexpr int most_needles_allowed = 64;

  [[nodiscard]] std::string checkpoint_path() const {
    return checkpoint.empty() ? out + ".checkpoint" : checkpoint;
  }
  /// Whether the run is measured on texts that are held out: of the Bible, its held-out books.
  [[nodiscard]] bool validates() const { return !validate.empty() || validate_every > 0; }
  [[nodiscard]] Index recall_texts() const { return echoes + associations + needles; }

  /// Everything that decides the bits of the result, each setting under its name: "model toy, ...".
  /// UTF-8, whatever files are called, and alike in every locale.
  [[nodiscard]] std::string recipe() const {
    std::string words = "model " + model + ", objective " + objective;
    const auto add = [&](const char* name, const auto& value) {
      words += std::string(", ") + name + ' ';
      if constexpr (std::is_floating_point_v<std::decay_t<decltype(value)>>) {
        words += ttt::decimal(value);
      } else if constexpr (std::is_arithmetic_v<std::decay_t<decltype(value)>>) {
        words += std::to_string(value);
      } else {
        words += ttt::file::as_utf8(value);
      }
    };
    if (!start.empty()) add("start", start);
    for (const std::string& name : text) add("text", name);
    for (const std::string& name : freeze) add("freeze", name);
    add("seed", seed);
    add("steps", steps);
    add("batch", batch);
    add("accumulate", accumulate);
    add("length", length);
    add("warmup", warmup);
    add("inner-warmup", inner_warmup);
    add("rate", rate);
    add("end-rate", end_rate);
    add("inner-rate", inner_rate);
    add("inner-clip", inner_clip);
    add("inner-momentum", inner_momentum);
    add("weight-decay", weight_decay);
    if (recall_texts() > 0) {
      add("echoes", echoes);
      add("associations", associations);
      add("needles", needles);
      add("most-needles", most_needles);
      for (const Index n : recall_length) add("recall-length", n);
      if (recall_weight != 1) add("recall-weight", recall_weight);
    }
    for (const Index n : slots) add("slots", n);
    add("keep-penalty", keep_penalty);
    if (peak_penalty > 0) add("peak-penalty", peak_penalty);
    if (capacity_penalty > 0) add("capacity-penalty", capacity_penalty);
    return words;
  }
};

/// Trains a model. The files beside this one compile it, each for a family of models.
///
/// \throws RangeError if a setting cannot be used.
template <class Model>
support::Outcome train(const Settings& settings);

/// Whether the run is to save and to stop; a signal says so.
bool interrupted();

}  // namespace training
