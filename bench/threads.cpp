// SPDX-License-Identifier: Apache-2.0
//
// What are more threads inside one sequence worth? The time of reading while learning, and of a
// meta-gradient, on one thread over that on several, for each number of threads. The results have
// the same bits, or the program fails.
//
// smoke: --time 256 --rounds 1 --threads 2

#include <ttt/learn/adjoint.hpp>
#include <ttt/model/session.hpp>
#include <ttt/model/systems.hpp>

#include <iostream>
#include <string>
#include <vector>

#include "support/machine.hpp"
#include "support/program.hpp"
#include "support/statistics.hpp"

namespace {

using namespace ttt;

constexpr ModelSpec spec =
    checked({.vocab = 256, .width = 512, .heads = 8, .hidden = 896, .window = 256, .chunk = 128});
using Model = TttE2e<spec, 8, 2>;
using Params = Model::Params<Matrix<float>>;

/// Seconds of the two kinds of work, and what came of them.
struct Measured {
  double read = 0;
  double gradient = 0;
  std::vector<float> nats = {};
  double loss = 0;
  double norm = 0;  ///< of the gradient, over all parameters
};

Measured measure(const Params& params, const std::vector<Token>& text, Index threads) {
  Measured result;
  Session<Model> session(params, {.threads = threads});
  const support::Stopwatch read_watch;
  result.nats = session.read(text);
  result.read = read_watch.seconds();
  const MetaLearner<Model> learner({.threads = threads});
  const support::Stopwatch gradient_watch;
  const auto gradient = learner.gradient(params, {.tokens = text});
  result.gradient = gradient_watch.seconds();
  result.loss = gradient.loss;
  for_each_array(
      [&](const Leaf&, const Matrix<float>& array) { result.norm += sum_of_squares(array); },
      gradient.params);
  return result;
}

support::Report compare(Index time, Index rounds, Index most) {
  const Params params = Model::initial(1);
  Random random(2);
  std::vector<Token> text;
  for (Index t = 0; t <= time; ++t) text.push_back(static_cast<Token>(random.below(256)));
  std::vector<std::vector<double>> read(static_cast<std::size_t>(most));
  std::vector<std::vector<double>> gradient(read.size());
  for (Index round = 0; round <= rounds; ++round) {
    const Measured one = measure(params, text, 1);
    for (Index threads = 1; threads <= most; ++threads) {
      const Measured many = threads == 1 ? one : measure(params, text, threads);
      if (many.nats != one.nats || many.loss != one.loss || many.norm != one.norm) {
        throw Error("threads: " + std::to_string(threads) + " threads must change no bit");
      }
      if (round == 0) continue;  // warms up
      at(read, threads - 1).push_back(one.read / many.read);
      at(gradient, threads - 1).push_back(one.gradient / many.gradient);
    }
  }
  std::vector<support::Report> rows;
  for (Index threads = 1; threads <= most; ++threads) {
    support::Report row;
    rows.push_back(row.set("threads", threads)
                       .set("read_speed_up", support::median(at(read, threads - 1)))
                       .set("gradient_speed_up", support::median(at(gradient, threads - 1))));
    std::cerr << threads << " threads: reading " << support::median(at(read, threads - 1))
              << " times as fast, a meta-gradient " << support::median(at(gradient, threads - 1))
              << '\n';
  }
  support::Report report;
  report.set("rows", rows)
      .set("time", time)
      .set("width", spec.width)
      .set("machine", support::this_machine().report());
  std::cout << report.text();
  return report;
}

}  // namespace

int main(int argc, char** argv) {
  Index time = 1024;
  Index rounds = 5;
  Index threads = support::this_machine().cores;
  support::Program program("threads", "Measures what threads inside one sequence are worth");
  program.option("--time", time, {128, 1e6}, "tokens of the text; a multiple of 128")
      .option("--rounds", rounds, {1, 1000}, "of which the median")
      .option("--threads", threads, support::range::threads, "at most");
  return program.run(argc, argv, [&] {
    if (time % spec.chunk != 0) {
      throw RangeError("--time must be a multiple of 128, got " + std::to_string(time));
    }
    return compare(time, rounds, threads);
  });
}
