// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/data/bytes.hpp>
#include <ttt/data/corpus.hpp>
#include <ttt/measure/loss_by_position.hpp>
#include <ttt/shape.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cell.hpp"
#include "plan.hpp"
#include "prompts.hpp"
#include "student.hpp"
#include "support/corpus.hpp"

namespace compare {

/// Makes readers that have read nothing, all of one model.
using MakeReader = std::function<std::unique_ptr<Reader>()>;

/// The documents that no model is trained on.
///
/// \throws RangeError if the plan names files to train on and none to measure on, or the reverse
[[nodiscard]] inline data::Corpus held_out_of(const Plan& plan) {
  if (plan.text.empty() != plan.held_out.empty()) {
    throw RangeError("--text and --held-out must both be given, or neither");
  }
  if (plan.text.empty()) return support::king_james_split().held_out;
  return support::read_texts(plan.held_out);
}

/// Texts that no model is trained on: as many stretches as are wanted, of one length, from each
/// document in turn.
///
/// \throws RangeError if the documents have not as many.
[[nodiscard]] inline std::vector<std::vector<Token>> stretches(const data::Corpus& documents,
                                                               Index count, Index length) {
  std::vector<std::vector<Token>> texts;
  for (Index round = 0; std::ssize(texts) < count; ++round) {
    const std::size_t before = texts.size();
    for (const data::Document& document : documents) {
      if (std::ssize(texts) == count || (round + 1) * length > std::ssize(document.text)) continue;
      texts.push_back(data::bytes(
          std::string_view(document.text)
              .substr(static_cast<std::size_t>(round * length), static_cast<std::size_t>(length))));
    }
    if (texts.size() == before) {
      throw RangeError("stretches: documents must have " + std::to_string(count) +
                       " stretches of " + std::to_string(length) + " bytes, got " +
                       std::to_string(texts.size()));
    }
  }
  return texts;
}

/// The loss of a reader's model on texts, each read from its beginning.
struct Read {
  std::vector<measure::Scored> scored;
  Index memory_bytes = 0;  ///< behind the last text
};
[[nodiscard]] inline Read read_texts(const MakeReader& make,
                                     std::span<const std::vector<Token>> texts) {
  Read read;
  for (const std::vector<Token>& text : texts) {
    const auto reader = make();
    read.scored.push_back({.nats = reader->read(text)});
    read.memory_bytes = reader->bytes();
  }
  return read;
}

/// Nats a byte over whole texts.
[[nodiscard]] inline double mean_loss(const MakeReader& make,
                                      std::span<const std::vector<Token>> texts) {
  const Read read = read_texts(make, texts);
  double nats = 0;
  double bytes = 0;
  for (const measure::Scored& scored : read.scored) {
    for (const float surprisal : scored.nats) nats += static_cast<double>(surprisal);
    bytes += static_cast<double>(scored.nats.size());
  }
  return nats / bytes;
}

/// The tasks, and their names in tables.
inline constexpr std::array<std::pair<NeedleTask, const char*>, 3> tasks{
    {{NeedleTask::s_niah_1, "s_niah_1"},
     {NeedleTask::s_niah_2, "s_niah_2"},
     {NeedleTask::s_niah_3, "s_niah_3"}}};

/// Whether a reader, having read the prompt, goes on with the value.
[[nodiscard]] inline bool recalls(Reader& reader, const Prompt& prompt) {
  reader.read(data::bytes(prompt.text));
  return answers(data::text(reader.generate(prompt.answer_length())), prompt.secret.value);
}

/// Asks for needles of every task in texts of every length, the same for every model of one seed;
/// the next seed has the next prompts. At the shortest length the same texts are also asked without
/// their needle: what is then right was guessed.
[[nodiscard]] inline std::vector<RecallRow> recall_rows(const MakeReader& make,
                                                        const Prompts& prompts, const Plan& plan,
                                                        std::uint64_t seed) {
  std::vector<RecallRow> rows;
  if (plan.samples == 0) return rows;
  for (const auto& [task, name] : tasks) {
    for (const Index length : plan.recall_length) {
      RecallRow row{.task = name, .length = length, .samples = plan.samples};
      const bool controlled = length == std::ranges::min(plan.recall_length);
      Random random(static_cast<std::uint64_t>(length));
      const Index of_others = (static_cast<Index>(seed) - 1) * plan.samples;
      for (Index n = 0; n < of_others; ++n) static_cast<void>(prompts.draw(random, task, length));
      for (Index sample = 0; sample < plan.samples; ++sample) {
        Random same = random;
        const Prompt prompt = prompts.draw(random, task, length);
        row.right += recalls(*make(), prompt) ? 1 : 0;
        row.in_window += prompt.in_window(shared.window) ? 1 : 0;
        if (!controlled) continue;
        const Prompt removed = prompts.draw(same, task, length, Needle::removed);
        row.control += 1;
        row.control_right += recalls(*make(), removed) ? 1 : 0;
      }
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

}  // namespace compare
