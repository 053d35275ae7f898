// SPDX-License-Identifier: Apache-2.0
//
// How much faster several threads read one text than one, with the same bits.
//
//   threads                     a model of width 384 with a window of 1024, which learns
//   threads --threads 4
//
// smoke: --tokens 193 --rounds 1

#include <ttt/model/session.hpp>
#include <ttt/model/systems.hpp>

#include <algorithm>
#include <iostream>
#include <span>
#include <vector>

#include "support/machine.hpp"
#include "support/program.hpp"

namespace {

using namespace ttt;

/// The ratio that two threads are to reach.
constexpr double promised = 1.6;

inline constexpr ModelSpec spec =
    checked({.vocab = 256, .width = 384, .heads = 6, .hidden = 1024, .window = 1024, .chunk = 64});
using Model = TttE2e<spec, 4, 1>;

struct Settings {
  Index tokens = 2049;
  Index rounds = 5;
  Index threads = 2;
};

/// Reads the text anew; returns the session, and the seconds it took.
Session<Model> read(const typename Model::Params<Matrix<float>>& params,
                    std::span<const Token> tokens, Index threads, double& best) {
  Session<Model> session(params, {.threads = threads});
  const support::Stopwatch watch;
  session.read(tokens);
  best = best == 0 ? watch.seconds() : std::min(best, watch.seconds());
  return session;
}

bool same(const Session<Model>& a, const Session<Model>& b) {
  bool equal = a.state().fast == b.state().fast && a.logits() == b.logits();
  for_each_array([&](const Leaf&, const auto& x, const auto& y) { equal = equal && x == y; },
                 a.state().memory, b.state().memory);
  return equal;
}

support::Report measure(const Settings& settings) {
  const auto params = Model::initial(1);
  Random random(2);
  std::vector<Token> tokens;
  for (Index t = 0; t < settings.tokens; ++t) {
    tokens.push_back(static_cast<Token>(random.below(spec.vocab)));
  }
  double one = 0;
  double several = 0;
  bool equal = true;
  for (Index round = 0; round < settings.rounds; ++round) {
    const auto a = read(params, tokens, 1, one);
    const auto b = read(params, tokens, settings.threads, several);
    equal = equal && same(a, b);
  }
  const double ratio = one / several;
  std::cout << settings.threads << " threads read " << ratio << " times as fast as one, with "
            << (equal ? "the same bits" : "OTHER BITS") << "; two are to reach " << promised
            << '\n';
  support::Report report;
  report.set("threads", settings.threads)
      .set("ratio", ratio)
      .set("promised", promised)
      .set("met", ratio >= promised)
      .set("same_bits", equal)
      .set("tokens_per_second", static_cast<double>(settings.tokens) / several)
      .set("machine", support::this_machine().report());
  return report;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  support::Program program("threads", "Reads one text on one thread and on several");
  program.option("--tokens", settings.tokens, support::range::count, "of the text")
      .option("--rounds", settings.rounds, support::range::count, "of which the fastest counts")
      .option("--threads", settings.threads, support::range::threads, "beside one");
  return program.run(argc, argv, [&] { return measure(settings); });
}
