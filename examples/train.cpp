// SPDX-License-Identifier: Apache-2.0
//
// Trains a language model on texts: corpus in, checkpoint and model file out.
//
//   train --recipe examples/recipes/bookworm.json
//   train --model toy --steps 100 --out toy.safetensors
//
// A run that was stopped, by whatever, goes on with --resume and ends in the same bits.
//
// smoke: --model toy --text {source}/LICENSE --steps 3 --length 32 --out toy --log toy.log
// smoke: --model toy --text {source}/LICENSE --steps 3 --length 32 --objective plain --accumulate 2
// smoke: --model bookkeeper --steps 1 --batch 0 --needles 1 --recall-length 256 --out keeper

#include <ttt/data/batches.hpp>
#include <ttt/data/bytes.hpp>
#include <ttt/data/files.hpp>
#include <ttt/data/king_james.hpp>
#include <ttt/data/recall_texts.hpp>
#include <ttt/learn/checkpoint.hpp>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "models.hpp"
#include "support/corpus.hpp"
#include "support/machine.hpp"
#include "support/pieces.hpp"
#include "support/program.hpp"
#include "support/progress.hpp"

namespace {

using namespace ttt;

/// What a run is told. The members up to `decay` decide its bits; the others do not.
struct Settings {
  std::string model = "bookworm";
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
  double decay = 0.1;
  Index echoes = 0;  // texts of each kind in each batch, besides the prose
  Index associations = 0;
  Index needles = 0;
  Index most_needles = 4;            // in a text
  std::vector<Index> recall_length;  // of a text of these kinds; one is drawn for each
  std::vector<Index> slots;          // of caches; one is drawn for each step
  double keep_penalty = 0.02;

  std::string out = "model.safetensors";
  std::string pieces;      // of a model that does not read bytes
  std::string checkpoint;  // beside `out` if empty
  std::string log;         // none if empty
  Index checkpoint_every = 100;
  Index stop_after = 0;  // steps of this run; 0 goes on to the end
  Index threads = support::this_machine().cores;
  bool resume = false;

  [[nodiscard]] Index recall_texts() const { return echoes + associations + needles; }

  /// Everything that decides the bits of the result.
  [[nodiscard]] std::string recipe() const {
    std::string words = model + ' ' + objective + (start.empty() ? "" : " from " + start);
    for (const std::string& name : text) words += " text " + name;
    for (const std::string& name : freeze) words += " freeze " + name;
    for (const Index n :
         {static_cast<Index>(seed), steps, batch, accumulate, length, warmup, inner_warmup}) {
      words += ' ' + std::to_string(n);
    }
    for (const double x : {rate, end_rate, inner_rate, inner_clip, inner_momentum, decay}) {
      words += ' ' + std::to_string(x);
    }
    if (recall_texts() > 0) {
      words += " recall";
      for (const Index n : {echoes, associations, needles, most_needles}) {
        words += ' ' + std::to_string(n);
      }
      for (const Index n : recall_length) words += " length " + std::to_string(n);
    }
    for (const Index n : slots) words += " slots " + std::to_string(n);
    if (!slots.empty()) words += " penalty " + std::to_string(keep_penalty);
    return words;
  }
};

volatile std::sig_atomic_t interrupted = 0;

/// The documents to train on: of the Bible, all but the books that are held out.
data::Corpus documents(const Settings& settings) {
  if (settings.text.empty()) {
    return data::hold_out(support::king_james_corpus(), data::king_james_held_out()).training;
  }
  data::Corpus all;
  for (const std::string& path : settings.text) {
    for (data::Document& document : data::read_corpus(path)) all.push_back(std::move(document));
  }
  return all;
}

/// The documents as tokens of the model: bytes, or pieces that are learned from the documents if
/// the file has none.
std::vector<std::vector<Token>> tokens(const Settings& settings, Index vocab) {
  const data::Corpus corpus = documents(settings);
  if (vocab == data::byte_vocab) return data::encode(corpus, data::bytes);
  if (settings.pieces.empty()) throw RangeError("--pieces must name a file for this model");
  if (!std::filesystem::exists(settings.pieces)) {
    support::Pieces::learn(corpus, {.vocab = vocab}).write(settings.pieces);
  }
  const support::Pieces pieces = support::Pieces::read(settings.pieces);
  if (pieces.vocab() != vocab) {
    throw RangeError("--pieces: " + settings.pieces + " must have " + std::to_string(vocab) +
                     " pieces, got " + std::to_string(pieces.vocab()));
  }
  return data::encode(corpus, [&](std::string_view text) { return pieces.encode(text); });
}

/// What one gradient is taken of.
struct Batch {
  std::vector<std::vector<Token>> prose;
  std::vector<data::RecallText> recall;
  std::vector<Text> texts;  // all of it
};

/// What is trained on.
class Material {
 public:
  Material(const Settings& settings, Index vocab)
      : settings_(settings), prose_(tokens(settings, vocab)) {
    if (settings.recall_texts() == 0) return;
    if (vocab != data::byte_vocab) {
      throw RangeError("--echoes, --associations and --needles must be 0 for this model");
    }
    if (settings.recall_length.empty()) throw RangeError("--recall-length must name a length");
    std::vector<std::string> texts;
    for (data::Document& document : documents(settings)) texts.push_back(std::move(document.text));
    recall_.emplace_back(data::Haystack(std::move(texts)));
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
      batch.recall.push_back(recall_.front().echo(random, length()));
    }
    for (Index i = 0; i < settings_.associations; ++i) {
      batch.recall.push_back(recall_.front().associations(random, length()));
    }
    for (Index i = 0; i < settings_.needles; ++i) {
      batch.recall.push_back(recall_.front().needles(random, length(), settings_.most_needles));
    }
    std::ranges::stable_sort(batch.recall, std::ranges::greater{},
                             [](const data::RecallText& text) { return text.tokens.size(); });
    for (const auto& tokens : batch.prose) batch.texts.push_back({.tokens = tokens});
    for (const auto& text : batch.recall) {
      batch.texts.push_back({.tokens = text.tokens, .emphasis = text.emphasis});
    }
    return batch;
  }

 private:
  const Settings& settings_;
  data::Batches prose_;
  std::vector<data::RecallTexts> recall_;  // one, or none
};

/// One line of JSON a step, in a file that a resumed run goes on with.
class Log {
 public:
  /// Keeps the first `steps` lines of what is there.
  Log(const std::string& path, Index steps) {
    if (path.empty()) return;
    std::string kept;
    std::string line;
    std::ifstream before(path);
    for (Index i = 0; i < steps && std::getline(before, line); ++i) kept += line + '\n';
    file::write_atomically(path, std::as_bytes(std::span(kept)));
    out_.open(path, std::ios::app);
    if (!out_) throw FileError("Log: cannot write " + path);
  }

  void write(const StepReport& step, double seconds) {
    if (!out_.is_open()) return;
    out_ << "{\"step\": " << step.step << ", \"loss\": " << step.loss;
    if (step.emphasised > 0) out_ << ", \"emphasised\": " << step.emphasised;
    out_ << ", \"norm\": " << step.norm << ", \"rate\": " << step.rate
         << ", \"seconds\": " << seconds << "}\n"
         << std::flush;
    if (!out_) throw FileError("Log: the disk took no more");
  }

 private:
  std::ofstream out_;
};

template <class Model, class Objective>
support::Report train(const Settings& settings, Objective objective) {
  using Params = typename Model::template Params<Matrix<float>>;
  const std::string checkpoint_path =
      settings.checkpoint.empty() ? settings.out + ".checkpoint" : settings.checkpoint;
  Checkpoint<Params> at{
      .training = {.params = settings.start.empty() ? Model::template initial<float>(settings.seed)
                                                    : read_params<Model>(settings.start)},
      .random = Random(settings.seed),
      .recipe = settings.recipe()};
  if (settings.resume && std::filesystem::exists(checkpoint_path)) {
    at = read_checkpoint<Model, float>(checkpoint_path);
    if (at.recipe != settings.recipe()) {
      throw RangeError("--resume: the checkpoint was made by \"" + at.recipe + "\", not \"" +
                       settings.recipe() + '"');
    }
    std::cerr << "train: goes on from step " << at.training.adamw.steps << std::endl;
  }

  const Material material(settings, Model::spec.vocab);
  Random random = at.random;
  const Index first = at.training.adamw.steps;
  Trainer<Model, Objective> trainer(std::move(at.training),
                                    {.adamw = {.decay = settings.decay, .frozen = settings.freeze},
                                     .schedule = {.peak = settings.rate,
                                                  .end = settings.end_rate,
                                                  .warmup = settings.warmup,
                                                  .steps = settings.steps},
                                     .objective = objective,
                                     .threads = settings.threads});
  const auto save = [&] {
    write_checkpoint<Model, float>(checkpoint_path, {trainer.state(), random, settings.recipe()});
  };

  Log log(settings.log, first);
  support::Progress progress({.name = "train", .steps = settings.steps, .first = first});
  const support::Stopwatch watch;
  Index tokens = 0;
  StepReport last;
  double smooth = 0;
  const auto goes_on = [&] {
    const bool stops = settings.stop_after > 0 && trainer.steps() - first >= settings.stop_after;
    return trainer.steps() < settings.steps && interrupted == 0 && !stops;
  };
  while (goes_on()) {
    for (Index i = 0; i < settings.accumulate; ++i) {
      const Batch batch = material.draw(random);
      trainer.accumulate(batch.texts);
      for (const Text& text : batch.texts) tokens += text.time();
    }
    last = trainer.update();
    smooth = last.step == first ? last.loss : 0.98 * smooth + 0.02 * last.loss;
    log.write(last, watch.seconds());
    progress.show({.step = trainer.steps(), .tokens = tokens, .loss = smooth});
    if (trainer.steps() % settings.checkpoint_every == 0) save();
  }
  save();
  const bool complete = trainer.steps() >= settings.steps;
  if (complete) {
    file::Archive model = params_archive<Model, float>(trainer.state().params);
    model.metadata["recipe"] = settings.recipe();
    file::write(settings.out, model);
  } else {
    std::cerr << "train: stopped after step " << trainer.steps() << "; --resume goes on\n";
  }

  support::Report report;
  report.set("model", settings.model)
      .set("spec", describe(Model::spec))
      .set("recipe", settings.recipe())
      .set("steps", trainer.steps())
      .set("complete", complete)
      .set("loss", smooth)
      .set("tokens_per_second", static_cast<double>(tokens) / watch.seconds())
      .set("seconds", watch.seconds())
      .set("machine", support::this_machine().report());
  return report;
}

/// Throws RangeError unless every number can be used.
void expect_sound(const Settings& s) {
  const auto expect = [](bool holds, const std::string& rule) {
    if (!holds) throw RangeError(rule);
  };
  expect(std::min({s.batch, s.echoes, s.associations, s.needles}) >= 0 &&
             s.batch + s.recall_texts() > 0,
         "--batch, --echoes, --associations and --needles must not be negative, and not all be 0");
  expect(s.steps > 0 && s.accumulate > 0 && s.length > 0 && s.most_needles > 0,
         "--steps, --accumulate, --length and --most-needles must be positive");
  expect(std::ranges::all_of(s.slots, [](Index n) { return n > 0; }), "--slots must be positive");
  expect(s.checkpoint_every > 0 && s.threads > 0,
         "--checkpoint-every and --threads must be positive");
  for (const double rate :
       {s.rate, s.end_rate, s.inner_rate, s.inner_clip, s.decay, s.keep_penalty}) {
    expect(std::isfinite(rate) && rate >= 0,
           "rates, clip and decay must be finite and not negative");
  }
  expect(s.inner_momentum >= 0 && s.inner_momentum < 1, "--inner-momentum must be in [0, 1)");
}

template <class Model>
support::Report train(const Settings& settings) {
  expect_sound(settings);
  const CacheSchedule caches{.keep_penalty = settings.keep_penalty, .slots = settings.slots};
  if (settings.objective == "plain") return train<Model>(settings, PlainLoss{.caches = caches});
  if constexpr (Model::learns) {
    if (settings.objective == "meta" || settings.objective == "first_order") {
      const InnerLoop<> inner{.optimiser = {.rate = settings.inner_rate,
                                            .clip = settings.inner_clip,
                                            .momentum = settings.inner_momentum}};
      return train<Model>(
          settings, MetaLoss<>{.inner = inner,
                               .inner_rate = {.start = 0.1, .steps = settings.inner_warmup},
                               .order = settings.objective == "meta" ? Order::second : Order::first,
                               .caches = caches});
    }
  }
  throw RangeError("--objective must be " +
                   std::string(Model::learns ? "meta, first_order or plain" : "plain") +
                   " for this model, got " + settings.objective);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGINT, [](int) { interrupted = 1; });
  Settings s;
  support::Program program("train", "Trains a language model that learns while it reads");
  program.option("--model", s.model, "bookworm, bookworm_plain, bookworm_pieces, bookkeeper or toy")
      .option("--objective", s.objective, "meta, first_order or plain")
      .option("--text", s.text, "files or folders; the King James Bible if none is given")
      .option("--freeze", s.freeze, "tensors, by a part of their name, that stay as they are")
      .option("--start", s.start, "a model file to start from instead of new parameters")
      .option("--seed", s.seed, "of the parameters and of the batches")
      .option("--steps", s.steps, "of the outer optimiser")
      .option("--batch", s.batch, "texts side by side")
      .option("--accumulate", s.accumulate, "batches a step")
      .option("--length", s.length, "tokens of a text")
      .option("--warmup", s.warmup, "steps in which the rate rises")
      .option("--inner-warmup", s.inner_warmup, "steps in which the inner rate rises")
      .option("--rate", s.rate, "the highest rate")
      .option("--end-rate", s.end_rate, "the last rate")
      .option("--inner-rate", s.inner_rate, "of the steps that the model takes while it reads")
      .option("--inner-clip", s.inner_clip, "largest norm of an inner gradient; 0 for none")
      .option("--inner-momentum", s.inner_momentum, "of the inner steps")
      .option("--decay", s.decay, "of the weights")
      .option("--echoes", s.echoes, "texts of which a part repeats another, in each batch")
      .option("--associations", s.associations, "texts with numbers asked for by their keys")
      .option("--needles", s.needles, "texts with needles, and their questions")
      .option("--most-needles", s.most_needles, "in such a text")
      .option("--recall-length", s.recall_length, "of texts of these kinds; one is drawn for each")
      .option("--slots", s.slots, "of caches; one of several is drawn for each step")
      .option("--keep-penalty", s.keep_penalty, "of keep scores: what their mean softplus counts")
      .option("--pieces", s.pieces, "SentencePiece's vocabulary, learned if there is none")
      .option("--out", s.out, "the model file")
      .option("--checkpoint", s.checkpoint, "the checkpoint; OUT.checkpoint if not given")
      .option("--checkpoint-every", s.checkpoint_every, "steps")
      .option("--stop-after", s.stop_after, "steps of this run; 0 goes on to the end")
      .option("--log", s.log, "a file that gets a line of JSON each step")
      .option("--threads", s.threads, "texts at the same time; they change no bit")
      .option("--resume", s.resume, "go on from the checkpoint, if there is one");
  return program.run(argc, argv, [&] {
    return models::with_model(s.model, [&]<class Model>() { return train<Model>(s); });
  });
}
