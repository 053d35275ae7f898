// SPDX-License-Identifier: Apache-2.0
//
// Does reading stay as fast, and as small, however long the text? The time of a token near the
// millionth over that of a token near the ten thousandth, while learning, and what the process grew
// by in between.
//
// smoke: --near 512 --far 4096 --measured 1024

#include <ttt/model/session.hpp>
#include <ttt/model/systems.hpp>

#include <algorithm>
#include <iostream>
#include <vector>

#include "support/machine.hpp"
#include "support/program.hpp"

namespace {

using namespace ttt;

constexpr ModelSpec spec =
    checked({.vocab = 256, .width = 64, .heads = 4, .hidden = 128, .window = 64, .chunk = 64});
using Model = TttE2e<spec, 4, 2>;

/// Reads `count` tokens; returns the median time of a token, over pieces of eight chunks.
double read(Session<Model>& session, Random& random, Index count) {
  std::vector<double> seconds;
  std::vector<Token> piece(8 * static_cast<std::size_t>(spec.chunk));
  for (Index done = 0; done < count; done += std::ssize(piece)) {
    for (Token& token : piece) token = static_cast<Token>(random.below(96));
    const support::Stopwatch watch;
    session.read(piece);
    seconds.push_back(watch.seconds() / static_cast<double>(piece.size()));
  }
  std::ranges::nth_element(seconds, seconds.begin() + std::ssize(seconds) / 2);
  return seconds[seconds.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  Index near = 10'000;
  Index far = 1'000'000;
  Index measured = 32'768;
  support::Program program("time_per_token", "Compares the first with the millionth token read");
  program.option("--near", near, "tokens before the first measurement")
      .option("--far", far, "tokens before the last measurement")
      .option("--measured", measured, "tokens of a measurement");
  return program.run(argc, argv, [&] {
    const auto params = Model::initial<float>(1);
    Session<Model> session(params);
    Random random(2);
    read(session, random, near);
    const double early = read(session, random, measured);
    const Index resident = support::resident_bytes();
    const Index kept = session.bytes();
    // The speed of a shared machine drifts: what lies between is measured too, to see it.
    const double between = read(session, random, far - session.position());
    const double late = read(session, random, measured);
    support::Report report;
    report.set("million_over_ten_thousand", late / early)
        .set("between_over_ten_thousand", between / early)
        .set("resident_growth_bytes", support::resident_bytes() - resident)
        .set("session_growth_bytes", session.bytes() - kept)
        .set("session_bytes", session.bytes())
        .set("tokens_per_second", 1 / late)
        .set("machine", support::this_machine().report());
    std::cout << report.text();
    return report;
  });
}
