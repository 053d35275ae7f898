// SPDX-License-Identifier: Apache-2.0
//
// How near is token-by-token generation to the memory's speed? Each token reads every weight once:
// the bytes of the weights over the time of a token, as a share of what one thread can read.
//
// smoke: --tokens 2 --rounds 1

#include <ttt/model/session.hpp>
#include <ttt/model/systems.hpp>

#include <iostream>
#include <vector>

#include "support/machine.hpp"
#include "support/program.hpp"
#include "support/statistics.hpp"

namespace {

using namespace ttt;

constexpr ModelSpec spec =
    checked({.vocab = 256, .width = 512, .heads = 8, .hidden = 1024, .window = 128, .chunk = 64});
using Model = SlidingWindow<spec, 8>;

}  // namespace

int main(int argc, char** argv) {
  Index tokens = 256;
  Index rounds = 7;
  support::Program program("decode", "Compares generation with the read bandwidth");
  program.option("--tokens", tokens, {1, 1e6}, "a round")
      .option("--rounds", rounds, {1, 1000}, "of which the median");
  return program.run(argc, argv, [&] {
    const auto params = Model::initial(1);
    double bytes = 0;
    for_each_array(
        [&](const Leaf&, const Matrix<float>& array) {
          bytes += static_cast<double>(array.size()) * sizeof(float);
        },
        params);
    Session<Model> session(params);
    session.read(std::vector<Token>(static_cast<std::size_t>(spec.window), 32));
    std::vector<double> shares;
    std::vector<double> speeds;
    for (Index round = 0; round <= rounds; ++round) {
      const double bandwidth = support::read_bandwidth(1);
      const support::Stopwatch watch;
      session.generate(tokens, Greedy{});
      const double seconds = watch.seconds() / static_cast<double>(tokens);
      if (round == 0) continue;  // warms up
      shares.push_back(bytes / seconds / bandwidth);
      speeds.push_back(1 / seconds);
      std::cerr << "round " << round << ": " << speeds.back() << " tokens/s, share "
                << shares.back() << '\n';
    }
    support::Report report;
    report.set("share_of_bandwidth_512", support::median(shares))
        .set("tokens_per_second", support::median(speeds))
        .set("weight_bytes", bytes)
        .set("machine", support::this_machine().report());
    std::cout << report.text();
    return report;
  });
}
