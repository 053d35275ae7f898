// SPDX-License-Identifier: Apache-2.0
//
// How much does a plain model gain by learning while it reads, though it was never trained to? Its
// loss on the held-out books for several rates of the inner step, and for more or fewer layers that
// learn: the best of them is what a model that was trained to learn is compared with.
//
// smoke: --models {source}/examples/models --bytes 600 --rates 0.1

#include <ttt/data/bytes.hpp>
#include <ttt/model/params_file.hpp>
#include <ttt/model/session.hpp>
#include <ttt/parallel/threads.hpp>

#include <algorithm>
#include <cstddef>
#include <iomanip>
#include <iostream>
#include <string>
#include <vector>

#include "models.hpp"
#include "support/corpus.hpp"
#include "support/files.hpp"
#include "support/machine.hpp"
#include "support/program.hpp"

namespace {

using namespace ttt;

using models::settled;
using Plain = models::BookkeeperWindow;

/// A SwiGLU of each of the upper two blocks learns: the model's own fast weights.
const FastSelection upper_two{};
/// A SwiGLU of every block learns.
const FastSelection every_block{{"blocks.0.feed_forward.", "blocks.1.feed_forward.",
                                 "blocks.2.feed_forward.", ".feed_forward_prime."}};

struct Settings {
  std::string models = support::models_folder();
  std::vector<double> rates{0.05, 0.1, 0.15, 0.2, 0.25, 0.3};
  Index bytes = 32768;
  Index threads = support::this_machine().cores;
};

/// Nats per byte after four windows, over all books.
double loss(const Plain::Params<Matrix<float>>& params, const FastSelection& fast,
            const std::vector<std::vector<Token>>& books, double rate, Index threads) {
  std::vector<double> sums(books.size());
  for_each_index(threads, std::ssize(books), [&](Index i) {
    const auto n = static_cast<std::size_t>(i);
    Session<Plain> session(params, {.inner = {.optimiser = {.rate = rate}}, .fast = fast});
    const std::vector<float> nats = session.read(books[n]);
    for (auto t = static_cast<std::size_t>(settled); t < nats.size(); ++t) {
      sums[n] += static_cast<double>(nats[t]);
    }
  });
  double total = 0;
  double count = 0;
  for (std::size_t n = 0; n < books.size(); ++n) {
    total += sums[n];
    count += static_cast<double>(std::ssize(books[n]) - settled);
  }
  return total / count;
}

}  // namespace

int main(int argc, char** argv) {
  Settings s;
  support::Program program("dynamic_evaluation", "Compares rates of learning of a plain model");
  program.option("--models", s.models, "the folder of the models")
      .option("--rates", s.rates, support::range::rate,
              "of the inner step, whose gradient is clipped to norm 1")
      .option("--bytes", s.bytes, support::range::count,
              "of each held-out book, but more than four windows")
      .option("--threads", s.threads, support::range::threads, "books at the same time");
  return program.run(argc, argv, [&] {
    const auto plain =
        read_params<Plain>(support::model_file(s.models, "bookkeeper_window.safetensors"));
    std::vector<std::vector<Token>> books =
        data::encode(support::king_james_split().held_out, data::bytes);
    for (auto& book : books) {
      book.resize(std::min(book.size(), static_cast<std::size_t>(std::max(s.bytes, settled + 1))));
    }
    struct Best {
      double loss;
      double rate = 0;
      std::string layers = "none";
    };
    Best best{.loss = loss(plain, upper_two, books, 0, s.threads)};
    support::Report report;
    report.set("frozen", best.loss);
    std::cout << std::fixed << std::setprecision(4) << "frozen " << best.loss << '\n';
    std::vector<support::Report> rows;
    for (const double rate : s.rates) {
      const double every = loss(plain, every_block, books, rate, s.threads);
      const double upper = loss(plain, upper_two, books, rate, s.threads);
      std::cout << "rate " << rate << ": every block " << every << ", upper two " << upper
                << std::endl;
      support::Report row;
      rows.push_back(row.set("rate", rate).set("every_block", every).set("upper_two", upper));
      if (every < best.loss) best = {every, rate, "every_block"};
      if (upper < best.loss) best = {upper, rate, "upper_two"};
    }
    report.set("rates", rows)
        .set("best", best.loss)
        .set("best_rate", best.rate)
        .set("best_layers", best.layers)
        .set("machine", support::this_machine().report());
    return report;
  });
}
