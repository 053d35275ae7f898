// SPDX-License-Identifier: Apache-2.0
//
// The loss per byte of held-out books, where nothing is to be recalled: what does a model with
// caches lose by them, and what does it save by learning? It reads with its caches and without,
// learning, and with its caches, frozen.
//
// smoke: --models {source}/examples/models --limit 1024

#include <ttt/data/bytes.hpp>
#include <ttt/measure/bootstrap.hpp>
#include <ttt/memory/cache.hpp>
#include <ttt/model/params_file.hpp>
#include <ttt/model/session.hpp>
#include <ttt/parallel/threads.hpp>

#include <array>
#include <cstddef>
#include <iomanip>
#include <iostream>
#include <mutex>
#include <string>
#include <vector>

#include "models.hpp"
#include "support/corpus.hpp"
#include "support/files.hpp"
#include "support/machine.hpp"
#include "support/program.hpp"
#include "support/progress.hpp"

namespace {

using namespace ttt;

using Keeping = models::Bookkeeper;
using Forgetting = models::BookkeeperWith<evict::LowestKeepScore, admit::None>;

struct Settings {
  std::string models = support::models_folder();
  std::string model = "bookkeeper.safetensors";
  double inner_rate = models::bookkeeper_rate;
  Index limit = 0;
  Index threads = support::this_machine().cores;
};

enum Way : std::size_t { keeping, forgetting, frozen, ways };

/// The mean surprisal of the tokens, in nats.
template <class Model>
double loss(const typename Model::template Params<Matrix<float>>& params,
            const std::vector<Token>& tokens, double inner_rate) {
  const Learning learning = inner_rate > 0 ? Learning::on : Learning::off;
  Session<Model> session(params,
                         {.inner = {.optimiser = {.rate = inner_rate}}, .learning = learning});
  double sum = 0;
  for (const float nats : session.read(tokens)) sum += static_cast<double>(nats);
  return sum / static_cast<double>(tokens.size());
}

/// How much more the first way costs than the second; prints it behind some words.
support::Report compare(const std::vector<std::array<double, ways>>& losses,
                        const std::vector<double>& lengths, Way first, Way second,
                        const std::string& words) {
  std::vector<measure::Pair> pairs;
  for (std::size_t n = 0; n < losses.size(); ++n) {
    pairs.push_back({.first = losses[n][first], .second = losses[n][second], .weight = lengths[n]});
  }
  const measure::Difference more = measure::paired_bootstrap(pairs);
  std::cout << words << ' ' << more.mean << " nats per byte [" << more.interval.lower << ", "
            << more.interval.upper << "]\n";
  support::Report report;
  return report.set("mean", more.mean)
      .set("low", more.interval.lower)
      .set("high", more.interval.upper);
}

support::Report read_all(const Settings& settings) {
  const auto file = support::model_file(settings.models, settings.model);
  const auto keeps = read_params<Keeping>(file);
  const auto forgets = read_params<Forgetting>(file);
  const data::Corpus books = support::king_james_split().held_out;

  std::vector<std::array<double, ways>> losses(books.size());
  std::vector<double> lengths(books.size());
  const Index jobs = std::ssize(books) * static_cast<Index>(ways);
  support::Progress progress({.name = "readings", .steps = jobs});
  std::mutex guard;
  Index done = 0;
  for_each_index(settings.threads, jobs, [&](Index job) {
    const auto n = static_cast<std::size_t>(job) / ways;
    const auto way = static_cast<std::size_t>(job) % ways;
    std::vector<Token> tokens = data::bytes(books[n].text);
    if (settings.limit > 0 && std::ssize(tokens) > settings.limit) {
      tokens.resize(static_cast<std::size_t>(settings.limit));
    }
    const double rate = way == frozen ? 0 : settings.inner_rate;
    losses[n][way] = way == forgetting ? loss<Forgetting>(forgets, tokens, rate)
                                       : loss<Keeping>(keeps, tokens, rate);
    const std::lock_guard lock(guard);
    lengths[n] = static_cast<double>(tokens.size());
    progress.show({.step = ++done, .tokens = 0});
  });

  std::cout << std::fixed << std::setprecision(4) << "\nbook  learning  no cache    frozen\n";
  for (std::size_t n = 0; n < books.size(); ++n) {
    std::cout << std::setw(4) << books[n].title;
    for (const double nats : losses[n]) std::cout << std::setw(10) << nats;
    std::cout << '\n';
  }
  support::Report report;
  report
      .set("loss_increase",
           compare(losses, lengths, keeping, forgetting, "\nWith the cache reading costs more:"))
      .set("gain_over_frozen",
           compare(losses, lengths, frozen, keeping, "Learning while reading saves:"))
      .set("machine", support::this_machine().report());
  return report;
}

}  // namespace

int main(int argc, char** argv) {
  Settings s;
  support::Program program("prose_loss", "What a model with caches loses by them, and learns");
  program.option("--models", s.models, "the folder of the models")
      .option("--model", s.model, "the model file in it")
      .option("--inner-rate", s.inner_rate, support::range::rate_or_none,
              "of the steps that the model takes while it reads")
      .option("--limit", s.limit, support::range::count_or_none, "bytes of each book; 0 for all")
      .option("--threads", s.threads, support::range::threads, "books at the same time");
  return program.run(argc, argv, [&] { return read_all(s); });
}
