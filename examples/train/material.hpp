// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/data/batches.hpp>
#include <ttt/data/bytes.hpp>
#include <ttt/data/files.hpp>
#include <ttt/learn/gradient.hpp>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "recall/training_texts.hpp"
#include "settings.hpp"
#include "support/corpus.hpp"
#include "support/encoding.hpp"
#include "support/pieces.hpp"

namespace training {

using namespace ttt;

/// The documents to train on: of the Bible, all but the books that are held out.
inline data::Corpus documents(const Settings& settings) {
  if (settings.text.empty()) {
    return support::king_james_split().training;
  }
  return support::read_texts(settings.text);
}

/// Documents as tokens of a model.
inline std::vector<std::vector<Token>> encoded(const data::Corpus& corpus,
                                               const support::Encoding& encoding) {
  return data::encode(corpus, [&](std::string_view text) { return encoding.encode(text); });
}

/// The documents as tokens of the model: bytes, or pieces that are learned from the documents if
/// the file has none.
inline std::vector<std::vector<Token>> tokens(const Settings& settings, Index vocab) {
  const data::Corpus corpus = documents(settings);
  const bool reads_bytes = vocab == data::byte_vocab;
  if (!reads_bytes && !settings.pieces.empty() && !std::filesystem::exists(settings.pieces)) {
    support::Pieces::learn(corpus, {.vocab = vocab}).write(settings.pieces);
  }
  return encoded(corpus, support::Encoding(vocab, settings.pieces));
}

/// The texts that a run is measured on, in tokens: of the Bible, the books that are held out.
///
/// \pre pieces have been learned, as `tokens` does
inline std::vector<std::vector<Token>> held_out_tokens(const Settings& settings, Index vocab) {
  if (!settings.validates()) return {};
  const data::Corpus corpus = settings.validate.empty() ? support::king_james_split().held_out
                                                        : support::read_texts(settings.validate);
  auto texts = encoded(corpus, support::Encoding(vocab, settings.pieces));
  for (auto& text : texts) {
    const auto most = static_cast<std::size_t>(settings.validate_length);
    if (most > 0 && text.size() > most) text.resize(most);
  }
  return texts;
}

static_assert(Settings::most_needles_allowed == recall::TrainingTexts::most_needles);

/// The loss weights of answers in texts that teach recall.
enum class Answers {
  drawn,       ///< the first byte of an answer counts more: see recall::TrainingTexts
  alike,       ///< each byte of an answer has the same weight
  unweighted,  ///< each target has its share of the mean and no more
};

/// The weights of a text's targets, whose sum is 1.
inline std::vector<float> weights_of(std::vector<float> drawn, Answers answers) {
  if (answers == Answers::unweighted) return {};
  if (answers == Answers::drawn) return drawn;
  const auto count = std::ranges::count_if(drawn, [](float weight) { return weight > 0; });
  for (float& weight : drawn) weight = weight > 0 ? 1 / static_cast<float>(count) : 0;
  return drawn;
}

/// What one gradient is taken of.
struct Batch {
  std::vector<std::vector<Token>> prose;
  std::vector<recall::TrainingText> recall;
  std::vector<Text> texts;  // all of it
};

/// What is trained on.
class Material {
 public:
  Material(const Settings& settings, Index vocab, Answers answers)
      : settings_(settings), answers_(answers), prose_(tokens(settings, vocab)) {
    if (settings.recall_texts() == 0) return;
    if (vocab != data::byte_vocab) {
      throw RangeError("--echoes, --associations and --needles must be 0 for this model");
    }
    if (settings.recall_length.empty()) throw RangeError("--recall-length must name a length");
    std::vector<std::string> texts;
    for (data::Document& document : documents(settings)) texts.push_back(std::move(document.text));
    recall_.emplace(recall::Haystack(std::move(texts)));
  }

  /// Texts for a step; the longest, which take longest, come first.
  [[nodiscard]] Batch draw(Random& random) const {
    Batch batch;
    if (settings_.batch > 0) {
      batch.prose = prose_.draw(random, {settings_.batch, settings_.length});
    }
    const auto length = [&] {
      const std::vector<Index>& lengths = settings_.recall_length;
      return lengths[static_cast<std::size_t>(random.below(std::ssize(lengths)))];
    };
    for (Index i = 0; i < settings_.echoes; ++i) {
      batch.recall.push_back(recall_->echo(random, length()));
    }
    for (Index i = 0; i < settings_.associations; ++i) {
      batch.recall.push_back(recall_->associations(random, length()));
    }
    for (Index i = 0; i < settings_.needles; ++i) {
      batch.recall.push_back(recall_->needles(random, length(), settings_.most_needles));
    }
    std::ranges::stable_sort(batch.recall, std::ranges::greater{},
                             [](const recall::TrainingText& text) { return text.tokens.size(); });
    for (auto& text : batch.recall) {
      text.loss_weight = weights_of(std::move(text.loss_weight), answers_);
    }
    for (const auto& tokens : batch.prose) batch.texts.push_back({.tokens = tokens});
    for (const auto& text : batch.recall) {
      batch.texts.push_back({.tokens = text.tokens,
                             .loss_weight = text.loss_weight,
                             .weight = static_cast<float>(settings_.recall_weight)});
    }
    return batch;
  }

 private:
  const Settings& settings_;
  Answers answers_;
  data::Batches prose_;
  std::optional<recall::TrainingTexts> recall_;
};

}  // namespace training
