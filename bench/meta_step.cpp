// SPDX-License-Identifier: Apache-2.0
//
// What does it cost to learn to learn? The time of a meta-gradient over that of an ordinary
// gradient of the same network, a quarter of whose blocks learn; and the ordinary gradient's
// multiplications a second as a share of what this machine's matrix product does. One thread, all
// in one run.
//
// smoke: --time 256 --rounds 1

#include <ttt/learn/adjoint.hpp>
#include <ttt/model/systems.hpp>

#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include "support/machine.hpp"
#include "support/program.hpp"
#include "support/statistics.hpp"

namespace {

using namespace ttt;

constexpr ModelSpec sized(Index width, Index hidden, Index chunk) {
  return checked({.vocab = 256,
                  .width = width,
                  .heads = width / 64,
                  .hidden = hidden,
                  .window = 256,
                  .chunk = chunk});
}
using At256 = TttE2e<sized(256, 448, 128), 8, 2>;
using At512 = TttE2e<sized(512, 896, 128), 8, 2>;
/// The size at which the speed of the original implementation is known.
using ShortChunks = TttE2e<sized(256, 448, 64), 8, 2>;

/// Multiplications of an ordinary gradient of one text: in each product one forward and two back,
/// in attention the two of the window's visible pairs and four back. What is computed twice to save
/// memory does not count.
template <class Model>
double multiplications(Index time) {
  constexpr ModelSpec spec = Model::spec;
  double weights = 0;
  const auto tensors = Model::tensors();
  for_each_array(
      [&](const Leaf&, const TensorSpec& tensor) {
        if (tensor.rows > 1) weights += static_cast<double>(tensor.rows * tensor.cols);
      },
      tensors);
  double pairs = 0;
  for (Index t = 0; t < time; ++t) pairs += static_cast<double>(std::min(t + 1, spec.window));
  return 3 * weights * static_cast<double>(time) +
         6 * pairs * static_cast<double>(spec.width) * static_cast<double>(Model::depth);
}

/// What is promised: the most that a meta-gradient may take, in ordinary gradients, for chunks of
/// so many tokens.
constexpr double most_at_128 = 1.45;
constexpr double most_at_64 = 1.55;

/// Prints a ratio beside its promise, and reports it.
support::Report verdict(const std::string& of, double ratio, double most) {
  const bool met = ratio <= most;
  std::cout << of << ": a meta-gradient takes " << ratio << " ordinary ones, at most " << most
            << " promised: " << (met ? "met" : "not met") << '\n';
  support::Report report;
  return report.set("ratio", ratio).set("at_most", most).set("met", met);
}

struct Result {
  double meta_over_plain;  ///< median of the rounds' ratios
  double plain_share;      ///< of the matrix product's rate, median of the rounds
  double plain_tokens;     ///< a second
  double meta_tokens;      ///< a second
};

template <class Model>
Result measure(Index time, Index rounds) {
  const auto params = Model::initial(1);
  Random random(2);
  std::vector<Token> text;
  for (Index t = 0; t <= time; ++t) text.push_back(static_cast<Token>(random.below(256)));
  const MetaLearner<Model> learner({});

  std::vector<double> ratios;
  std::vector<double> shares;
  std::vector<double> plain_seconds;
  std::vector<double> meta_seconds;
  for (Index round = 0; round <= rounds; ++round) {
    const double rate = support::product_rate() / 2;  // a multiplication and an addition at once
    const support::Stopwatch plain_watch;
    const auto plain = plain_gradient<Model>(params, {.tokens = text});
    const double plain_time = plain_watch.seconds();
    const support::Stopwatch meta_watch;
    const auto meta = learner.gradient(params, {.tokens = text});
    const double meta_time = meta_watch.seconds();
    if (round == 0) continue;  // warms up
    ratios.push_back(meta_time / plain_time);
    shares.push_back(multiplications<Model>(time) / plain_time / rate);
    plain_seconds.push_back(plain_time);
    meta_seconds.push_back(meta_time);
    std::cerr << "width " << Model::spec.width << ", chunk " << Model::spec.chunk << ", round "
              << round << ": meta / plain " << ratios.back() << ", plain / peak " << shares.back()
              << '\n';
  }
  const auto tokens = static_cast<double>(time);
  return {support::median(ratios), support::median(shares), tokens / support::median(plain_seconds),
          tokens / support::median(meta_seconds)};
}

}  // namespace

int main(int argc, char** argv) {
  Index time = 2048;
  Index rounds = 7;
  support::Program program("meta_step", "Compares a meta-gradient with an ordinary gradient");
  program.option("--time", time, {256, 1e6}, "tokens of the text; a multiple of 256")
      .option("--rounds", rounds, {1, 1000}, "of which the median is reported");
  return program.run(argc, argv, [&] {
    if (time % 256 != 0) {
      throw RangeError("--time must be a multiple of 256, got " + std::to_string(time));
    }
    const Result at_256 = measure<At256>(time, rounds);
    const Result at_512 = measure<At512>(time / 2, std::max<Index>(rounds / 2, 1));
    const Result short_chunks = measure<ShortChunks>(time, rounds);
    support::Report report;
    report
        .set(
            "promise",
            support::Report()
                .set("chunk_128", verdict("chunks of 128", at_256.meta_over_plain, most_at_128))
                .set("chunk_64", verdict("chunks of 64", short_chunks.meta_over_plain, most_at_64)))
        .set("meta_over_plain", at_256.meta_over_plain)
        .set("meta_over_plain_512", at_512.meta_over_plain)
        .set("plain_share_of_peak_256", at_256.plain_share)
        .set("plain_share_of_peak_512", at_512.plain_share)
        .set("meta_over_plain_chunk_64", short_chunks.meta_over_plain)
        .set("upstream_size_tokens_per_second", short_chunks.meta_tokens)
        .set("plain_tokens_per_second", at_256.plain_tokens)
        .set("time", time)
        .set("machine", support::this_machine().report());
    std::cout << report.text();
    return report;
  });
}
