// SPDX-License-Identifier: Apache-2.0
//
// What a cache costs where nothing is to be recalled: the loss per byte of held-out books, read by
// the same model with its caches and with none, learning in both.
//
// smoke: --models {source}/examples/models --limit 1024

#include <ttt/data/bytes.hpp>
#include <ttt/measure/bootstrap.hpp>
#include <ttt/memory/cache.hpp>
#include <ttt/model/params_file.hpp>
#include <ttt/model/session.hpp>
#include <ttt/parallel/threads.hpp>

#include <filesystem>
#include <iomanip>
#include <iostream>
#include <numeric>
#include <string>
#include <vector>

#include "models.hpp"
#include "support/corpus.hpp"
#include "support/machine.hpp"
#include "support/program.hpp"
#include "support/progress.hpp"

namespace {

using namespace ttt;

using Keeping = models::Bookkeeper;
using Forgetting = models::BookkeeperWith<evict::LeastWanted, admit::Nobody, signal::KeepScore>;

struct Settings {
  std::string models = "examples/models";
  double inner_rate = 0.4;
  Index limit = 0;
  Index threads = support::this_machine().cores;
};

/// The mean surprisal of the tokens, in nats.
template <class Model>
double loss(const typename Model::template Params<Matrix<float>>& params,
            const std::vector<Token>& tokens, double inner_rate) {
  Session<Model> session(params, {.inner = {.optimiser = {.rate = inner_rate}}});
  double sum = 0;
  for (const float nats : session.read(tokens)) sum += static_cast<double>(nats);
  return sum / static_cast<double>(tokens.size());
}

support::Report compare(const Settings& settings) {
  const auto keeping =
      read_params<Keeping>(std::filesystem::path(settings.models) / "bookkeeper.safetensors");
  const auto forgetting = models::renamed<Forgetting::Params<Matrix<float>>>(keeping);
  const data::Corpus books = support::king_james_split().held_out;

  std::vector<measure::Pair> pairs(books.size());
  support::Progress progress({.name = "books", .steps = std::ssize(books)});
  for_each_index(settings.threads, std::ssize(books), [&](Index n) {
    std::vector<Token> tokens = data::bytes(books[static_cast<std::size_t>(n)].text);
    if (settings.limit > 0 && std::ssize(tokens) > settings.limit) {
      tokens.resize(static_cast<std::size_t>(settings.limit));
    }
    pairs[static_cast<std::size_t>(n)] = {
        .first = loss<Keeping>(keeping, tokens, settings.inner_rate),
        .second = loss<Forgetting>(forgetting, tokens, settings.inner_rate),
        .weight = static_cast<double>(tokens.size())};
  });

  std::cout << std::fixed << std::setprecision(4) << "book   cache   no cache\n";
  for (std::size_t n = 0; n < books.size(); ++n) {
    std::cout << std::setw(4) << books[n].title << std::setw(8) << pairs[n].first << std::setw(11)
              << pairs[n].second << '\n';
  }
  const measure::Difference more = measure::paired_bootstrap(pairs);
  std::cout << "With the cache a byte costs " << more.mean << " nats more [" << more.interval.lower
            << ", " << more.interval.upper << "].\n";
  support::Report interval;
  interval.set("mean", more.mean).set("low", more.interval.lower).set("high", more.interval.upper);
  support::Report report;
  return report.set("loss_increase", interval).set("machine", support::this_machine().report());
}

}  // namespace

int main(int argc, char** argv) {
  Settings s;
  support::Program program("cache_loss", "Compares reading with a cache and without");
  program.option("--models", s.models, "the folder of the models")
      .option("--inner-rate", s.inner_rate, "of the steps that the model takes while it reads")
      .option("--limit", s.limit, "bytes of each book; 0 for all")
      .option("--threads", s.threads, "books at the same time");
  return program.run(argc, argv, [&] { return compare(s); });
}
