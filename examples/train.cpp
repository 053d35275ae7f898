// SPDX-License-Identifier: Apache-2.0
//
// Trains a language model on texts: corpus in, checkpoint and model file out.
//
//   train --recipe examples/recipes/bookkeeper_echo.json --out bookkeeper_echo.safetensors
//   train --model toy --steps 100 --out toy.safetensors
//   train --model toy --text books/ --validate other.txt --validate-every 20 --log toy.log
//
// A run that was stopped, by whatever, goes on with --resume and ends in the same bits. SIGINT and
// SIGTERM, which a cluster sends, save first.
//
// smoke: --model toy --text {source}/LICENSE --steps 3 --length 32 --out toy --log toy.log --overwrite
// smoke: --model toy --text {source}/LICENSE --steps 3 --length 32 --out toy --log toy.log --resume
// smoke: --model toy --text {source}/LICENSE --steps 3 --objective plain --accumulate 2 --validate {source}/README.md --overwrite
// smoke: --model bookkeeper --steps 1 --batch 0 --needles 1 --recall-length 256 --overwrite
// smoke: --model bookkeeper_sr_ttt --objective recall --steps 1 --needles 1 --recall-length 256 --overwrite

#include <csignal>

#include "models.hpp"
#include "support/device.hpp"
#include "support/program.hpp"
#include "train/settings.hpp"

/// Those that are trained in a way of their own.
template <>
support::Outcome training::train<models::BookkeeperFull>(const Settings&);
template <>
support::Outcome training::train<models::BookkeeperSrTtt>(const Settings&);
template <>
support::Outcome training::train<models::BookkeeperSrTttGradFull>(const Settings&);

namespace {

namespace range = support::range;
constexpr support::Range few{1, 1e6};
constexpr support::Range few_or_none{0, 1e6};

volatile std::sig_atomic_t signalled = 0;

/// What is trained, on what, and how the optimiser goes.
void add_training(support::Program& program, training::Settings& s) {
  program.option("--model", s.model, models::names())
      .option("--objective", s.objective,
              "meta, first_order or plain; of SR-TTT backbone or recall")
      .option("--text", s.text, "files or folders; the King James Bible if none is given")
      .option("--freeze", s.freeze, "tensors, by a part of their name, that stay as they are")
      .option("--start", s.start, "a model file to start from instead of new parameters")
      .option("--seed", s.seed, "of the parameters and of the batches")
      .option("--steps", s.steps, range::count, "of the outer optimiser")
      .option("--batch", s.batch, few_or_none, "texts side by side")
      .option("--accumulate", s.accumulate, few, "batches a step")
      .option("--length", s.length, few, "tokens of a text")
      .option("--warmup", s.warmup, range::count_or_none, "steps in which the rate rises")
      .option("--inner-warmup", s.inner_warmup, range::count_or_none,
              "steps in which the inner rate rises")
      .option("--rate", s.rate, range::rate, "the highest rate")
      .option("--end-rate", s.end_rate, range::rate_or_none, "the last rate")
      .option("--inner-rate", s.inner_rate, range::rate_or_none,
              "of the steps that the model takes while it reads")
      .option("--inner-clip", s.inner_clip, range::rate_or_none,
              "largest norm of an inner gradient; 0 for none")
      .option("--inner-momentum", s.inner_momentum, {0, 0.999}, "of the inner steps")
      .option("--weight-decay", s.weight_decay, range::rate_or_none, "of AdamW");
}

/// Texts that teach recall, and the caches that they are kept in.
void add_recall(support::Program& program, training::Settings& s) {
  program
      .option("--echoes", s.echoes, few_or_none,
              "texts of which a part repeats another, in each batch")
      .option("--associations", s.associations, few_or_none,
              "texts with numbers asked for by their keys")
      .option("--needles", s.needles, few_or_none, "texts with needles, and their questions")
      .option("--most-needles", s.most_needles, {1, training::Settings::most_needles_allowed},
              "in such a text")
      .option("--recall-length", s.recall_length, few,
              "of texts of these kinds; one is drawn for each")
      .option("--recall-weight", s.recall_weight, range::rate,
              "of each of these texts in the loss, where one of prose has 1")
      .option("--slots", s.slots, few, "of caches; one of several is drawn for each step")
      .option("--keep-penalty", s.keep_penalty, range::rate_or_none,
              "of keep scores: what their mean softplus counts")
      .option("--peak-penalty", s.peak_penalty, range::rate_or_none,
              "of keep scores: what their soft maximum counts in texts without answers")
      .option("--capacity-penalty", s.capacity_penalty, range::rate_or_none,
              "of retentions: what a token of weight beyond the slots counts");
}

/// The files of a run, and how far it goes.
void add_run(support::Program& program, training::Settings& s) {
  program.option("--pieces", s.pieces, "SentencePiece's vocabulary, learned if there is none")
      .output("--out", s.out, "the model file")
      .output("--checkpoint", s.checkpoint, "the checkpoint; OUT.checkpoint if not given")
      .option("--checkpoint-every", s.checkpoint_every, range::count, "steps")
      .option("--validate", s.validate,
              "held-out texts, files or folders; the held-out books of the King James Bible if "
              "neither these nor --text are given")
      .option("--validate-every", s.validate_every, range::count_or_none,
              "steps from one held-out loss to the next; 0 for the end alone, with --validate")
      .option("--validate-length", s.validate_length, range::count_or_none,
              "tokens of each held-out text; 0 for all")
      .option("--stop-after", s.stop_after, range::count_or_none,
              "steps of this run; 0 goes on to the end")
      .output("--log", s.log, "a file that gets a line of JSON each step")
      .option("--device", s.device, support::device_help)
      .option("--threads", s.threads, range::threads, "texts at the same time; they change no bit")
      .option("--resume", s.resume, "go on from the checkpoint, if there is one")
      .option("--overwrite", s.overwrite, "replace the files of an earlier run");
}

}  // namespace

bool training::interrupted() { return signalled != 0; }

int main(int argc, char** argv) {
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, [](int) { signalled = 1; });
  training::Settings s;
  support::Program program("train", "Trains a language model that learns while it reads");
  add_training(program, s);
  add_recall(program, s);
  add_run(program, s);
  return program.run(argc, argv, [&] {
    return models::with_model(s.model, [&]<class Model>() { return training::train<Model>(s); });
  });
}
