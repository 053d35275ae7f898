// SPDX-License-Identifier: Apache-2.0
//
// What does a model pay for texts? Reads each from its beginning, with a model of any file that the
// programs know, and writes nats per token, bits per byte and perplexity, of each text and by
// position, as tables in Markdown, as JSON and as a chart.
//
//   evaluate
//   evaluate --text letter.txt books/ --json loss.json --chart loss.svg
//   evaluate --model-file examples/models/bookkeeper_window.safetensors --dynamic --rate 0.1
//
// smoke: --text {source}/LICENSE {source}/README.md --limit 300 --json e.json --chart e.svg
// smoke: --model-file {source}/examples/models/bookkeeper_window.safetensors --limit 200 --dynamic

#include <ttt/data/corpus.hpp>
#include <ttt/data/files.hpp>
#include <ttt/measure/loss_by_position.hpp>
#include <ttt/parallel/threads.hpp>

#include <algorithm>
#include <cstddef>
#include <iostream>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "any_model/any_model.hpp"
#include "evaluate/results.hpp"
#include "support/chart.hpp"
#include "support/corpus.hpp"
#include "support/encoding.hpp"
#include "support/machine.hpp"
#include "support/program.hpp"
#include "support/progress.hpp"

namespace {

using namespace ttt;

struct Settings {
  models::Choice choice;
  std::vector<std::string> text;  // files or folders; the held-out books of the Bible if none
  std::string chart;              // none if empty
  Index limit = 0;                // tokens of each text; 0 for all
  Index threads = support::this_machine().cores;
};

/// Texts as a model reads them.
struct Texts {
  std::vector<std::string> titles;
  std::vector<std::vector<Token>> tokens;

  Texts(const Settings& settings, const support::Encoding& encoding) {
    const data::Corpus corpus = settings.text.empty() ? support::king_james_split().held_out
                                                      : support::read_texts(settings.text);
    for (const data::Document& document : corpus) {
      titles.push_back(document.title);
      tokens.push_back(encoding.encode(document.text));
      const Index size = std::ssize(tokens.back());
      if (settings.limit > 0 && size > settings.limit) {
        tokens.back().resize(static_cast<std::size_t>(settings.limit));
      }
    }
  }
  [[nodiscard]] Index total() const {
    Index sum = 0;
    for (const auto& text : tokens) sum += std::ssize(text);
    return sum;
  }
};

/// Reads every text with a session of its own.
std::vector<measure::Scored> read_all(const models::AnyModel& model, const Texts& texts,
                                      const support::Encoding& encoding, Index threads) {
  std::vector<measure::Scored> scored(texts.tokens.size());
  support::Progress progress({.name = "evaluate", .steps = texts.total()});
  std::mutex guard;
  Index done = 0;
  for_each_index(threads, std::ssize(texts.tokens), [&](Index n) {
    const std::span<const Token> tokens = at(texts.tokens, n);
    measure::Scored& text = at(scored, n);
    text.bytes = encoding.bytes(tokens);
    text.nats.reserve(tokens.size());
    const auto session = model.session();
    for (auto rest = tokens; !rest.empty();) {
      const auto piece = rest.first(std::min<std::size_t>(rest.size(), 1024));
      const std::vector<float> nats = session->read(piece);
      text.nats.insert(text.nats.end(), nats.begin(), nats.end());
      rest = rest.subspan(piece.size());
      const std::lock_guard lock(guard);
      done += std::ssize(piece);
      progress.show({.step = done, .tokens = done});
    }
  });
  return scored;
}

support::Outcome evaluate(const Settings& settings) {
  const auto model = models::open(settings.choice);
  const support::Encoding encoding(model->facts().vocab, settings.choice.pieces);
  const Texts texts(settings, encoding);
  std::cerr << "evaluate: " << model->facts().words() << std::endl;

  const support::Stopwatch watch;
  const auto scored = read_all(*model, texts, encoding, settings.threads);
  const double seconds = watch.seconds();
  const evaluating::Results results(texts.titles, scored);
  evaluating::print(std::cout, results);

  support::Report report;
  report.set("model", model->facts().report())
      .set("loss", evaluating::report_of(results))
      .set("limit", settings.limit)
      .set("seconds", seconds)
      .set("tokens_per_second", static_cast<double>(texts.total()) / seconds)
      .set("device", settings.choice.device)
      .set("machine", support::this_machine().report());
  support::Outcome::Files files;
  if (!settings.chart.empty()) {
    files.emplace_back(
        [path = settings.chart, chart = evaluating::chart_of(results, model->facts().name)] {
          support::write_svg(path, chart);
        });
  }
  return {std::move(report), std::move(files)};
}

}  // namespace

int main(int argc, char** argv) {
  Settings s;
  support::Program program("evaluate", "Measures what a model pays for texts");
  s.choice.add_to(program);
  program
      .option("--text", s.text,
              "files or folders; the held-out books of the King James Bible if none is given")
      .option("--limit", s.limit, support::range::count_or_none, "tokens of each text; 0 for all")
      .output("--chart", s.chart, "an SVG of the loss by position")
      .option("--threads", s.threads, support::range::threads, "texts at the same time");
  return program.run(argc, argv, [&] { return evaluate(s); });
}
