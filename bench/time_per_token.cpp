// SPDX-License-Identifier: Apache-2.0
//
// Does reading stay as fast, and as small, however long the text? The time of a token near the
// millionth over that of a token near the ten thousandth, or with --cache the thousandth, while
// learning, and what the process grew by in between.
//
// smoke: --near 512 --far 4096 --measured 1024
// smoke: --cache --near 512 --far 4096 --measured 1024

#include <ttt/model/session.hpp>
#include <ttt/model/systems.hpp>

#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include "models.hpp"
#include "support/machine.hpp"
#include "support/program.hpp"

namespace {

using namespace ttt;

using Plain =
    TttE2e<checked(
               {.vocab = 256, .width = 64, .heads = 4, .hidden = 128, .window = 64, .chunk = 64}),
           4, 2>;

/// Reads `count` tokens; returns the median time of a token, over pieces of eight chunks.
template <class Model>
double read(Session<Model>& session, Random& random, Index count) {
  std::vector<double> seconds;
  std::vector<Token> piece(8 * static_cast<std::size_t>(Model::spec.chunk));
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
  Index near = 0;  // 10,000, or with a cache 1000
  Index far = 1'000'000;
  Index measured = 32'768;
  bool cache = false;
};

template <class Model>
support::Report compare(const Settings& settings, Index near) {
  const auto params = Model::initial(1);
  Session<Model> session(params);
  Random random(2);
  read(session, random, near);
  const double early = read(session, random, settings.measured);
  if (settings.far <= session.position()) {
    throw RangeError("--far must be more than the " + std::to_string(session.position()) +
                     " tokens of the first measurement, got " + std::to_string(settings.far));
  }
  const Index resident = support::resident_bytes();
  const Index kept = session.bytes();
  // The speed of a shared machine drifts: what lies between is measured too, to see it.
  const double between = read(session, random, settings.far - session.position());
  const double late = read(session, random, settings.measured);
  support::Report report;
  report.set("cache", settings.cache)
      .set("near", near)
      .set("far", settings.far)
      .set("late_over_early", late / early)
      .set("between_over_early", between / early)
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
  support::Program program("time_per_token",
                           "Compares the time of a token early and late in a text");
  program
      .option("--near", s.near, support::range::count_or_none,
              "tokens before the first measurement; 0 for 10,000, or with a cache 1000")
      .option("--far", s.far, support::range::count, "tokens before the last measurement")
      .option("--measured", s.measured, support::range::count, "tokens of a measurement")
      .option("--cache", s.cache, "of bookkeeper, whose every attention has a cache");
  return program.run(argc, argv, [&] {
    const Index near = s.near != 0 ? s.near : s.cache ? 1000 : 10'000;
    return s.cache ? compare<models::Bookkeeper>(s, near) : compare<Plain>(s, near);
  });
}
