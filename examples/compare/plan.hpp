// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/decimal.hpp>
#include <ttt/error.hpp>
#include <ttt/file/utf8.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "families.hpp"
#include "student.hpp"
#include "train/settings.hpp"

namespace compare {

/// What decides the numbers of a cell, besides its system and its seed.
struct Plan {
  std::vector<std::string> text{};      ///< files to train on; the King James Bible if none
  std::vector<std::string> held_out{};  ///< files to measure on; its books that are held out
  Training training{};                  ///< its seed and its numbers of steps are set for each cell
  Index tokens = 0;                     ///< trained on
  Index length = 2048;                  ///< of a text that is trained on
  Index prose = 1;                      ///< texts of prose in a batch
  Index needles = 1;                    ///< texts with needles and their questions in a batch
  Index points = 8;                     ///< of the curve of held-out loss
  Index curve_texts = 4;
  Index texts = 0;  ///< that loss by position is measured on
  Index text_length = 32 * shared.window;
  std::vector<Index> recall_length{};  ///< bytes of prompt and answer
  Index samples = 0;                   ///< prompts of each task and length

  [[nodiscard]] Index batch_tokens() const { return (prose + needles) * length; }
  [[nodiscard]] Index steps() const { return std::max<Index>(1, tokens / batch_tokens()); }

  /// What is trained with a seed.
  [[nodiscard]] Training training_of(std::uint64_t seed) const {
    Training own = training;
    own.seed = seed;
    own.steps = steps();
    own.warmup = steps() / 10;
    return own;
  }

  /// What batches are drawn from, as the program `train` draws them.
  [[nodiscard]] training::Settings material() const {
    training::Settings settings;
    settings.text = text;
    settings.batch = prose;
    settings.length = length;
    settings.needles = needles;
    settings.most_needles = 4;
    settings.recall_length = {length};
    return settings;
  }

  /// What decides the bits of a trained model, but for system and seed.
  [[nodiscard]] std::string recipe() const {
    std::string words;
    const auto add = [&](const char* name, const std::string& value) {
      words += (words.empty() ? "" : ", ") + std::string(name) + ' ' + value;
    };
    for (const std::string& file : text) add("text", file::as_utf8(file));
    add("steps", std::to_string(steps()));
    add("length", std::to_string(length));
    add("prose", std::to_string(prose));
    add("needles", std::to_string(needles));
    add("rate", decimal(training.rate));
    add("end-rate", decimal(training.end_rate));
    add("weight-decay", decimal(training.weight_decay));
    add("inner-rate", decimal(training.inner_rate));
    add("inner-clip", decimal(training.inner_clip));
    add("keep-penalty", decimal(training.keep_penalty));
    return words;
  }

  /// What decides the numbers of a cell.
  [[nodiscard]] std::string setting() const {
    std::string words = recipe() + ", dynamic-rate " + decimal(training.dynamic_rate) +
                        ", points " + std::to_string(points) + ", curve-texts " +
                        std::to_string(curve_texts) + ", texts " + std::to_string(texts) +
                        ", text-length " + std::to_string(text_length) + ", samples " +
                        std::to_string(samples);
    for (const std::string& file : held_out) words += ", held-out " + file::as_utf8(file);
    for (const Index bytes : recall_length) words += ", recall-length " + std::to_string(bytes);
    return words;
  }
};

/// A plan for a night on two cores, or for ten minutes.
[[nodiscard]] inline Plan plan_of(bool quick) {
  Plan plan;
  plan.tokens = quick ? Index{200} << 10 : Index{4} << 20;
  plan.points = quick ? 2 : 8;
  plan.curve_texts = quick ? 1 : 4;
  plan.texts = quick ? 3 : 48;
  plan.samples = quick ? 3 : 20;
  plan.recall_length = {512, 1024, 2048};
  if (!quick) plan.recall_length.insert(plan.recall_length.end(), {4096, 8192});
  return plan;
}

}  // namespace compare
