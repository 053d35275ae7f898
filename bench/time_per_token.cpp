// SPDX-License-Identifier: Apache-2.0
//
// Does reading stay as fast, and as small, however long the text? The time of a token near the
// millionth over that of a token near the ten thousandth, while learning, and what the process grew
// by in between.
//
// smoke: --near 512 --far 4096 --measured 1024
// smoke: --cache --near 512 --far 4096 --measured 1024

#include <ttt/memory/cached_window.hpp>
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
using Plain = TttE2e<spec, 4, 2>;
using Cached = LanguageModel<
    spec, Repeat<2, Block<Attend<Window, Cache<64, evict::LeastSurprising>>, SwiGlu>>,
    Repeat<2, Block<Attend<Window, Cache<64, evict::LeastSurprising>>, SwiGlu, Fast<SwiGlu>>>>;

/// Reads `count` tokens; returns the median time of a token, over pieces of eight chunks.
template <class Model>
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

struct Settings {
  Index near = 10'000;
  Index far = 1'000'000;
  Index measured = 32'768;
  bool cache = false;
};

template <class Model>
support::Report compare(const Settings& settings) {
  const auto params = Model::template initial<float>(1);
  Session<Model> session(params);
  Random random(2);
  read(session, random, settings.near);
  const double early = read(session, random, settings.measured);
  const Index resident = support::resident_bytes();
  const Index kept = session.bytes();
  // The speed of a shared machine drifts: what lies between is measured too, to see it.
  const double between = read(session, random, settings.far - session.position());
  const double late = read(session, random, settings.measured);
  support::Report report;
  report.set("cache", settings.cache)
      .set("million_over_ten_thousand", late / early)
      .set("between_over_ten_thousand", between / early)
      .set("resident_growth_bytes", support::resident_bytes() - resident)
      .set("session_growth_bytes", session.bytes() - kept)
      .set("session_bytes", session.bytes())
      .set("tokens_per_second", 1 / late)
      .set("machine", support::this_machine().report());
  std::cout << report.text();
  return report;
}

}  // namespace

int main(int argc, char** argv) {
  Settings s;
  support::Program program("time_per_token", "Compares the first with the millionth token read");
  program.option("--near", s.near, "tokens before the first measurement")
      .option("--far", s.far, "tokens before the last measurement")
      .option("--measured", s.measured, "tokens of a measurement")
      .option("--cache", s.cache, "of a model whose every attention has a cache");
  return program.run(argc, argv, [&] { return s.cache ? compare<Cached>(s) : compare<Plain>(s); });
}
