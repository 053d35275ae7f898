// SPDX-License-Identifier: Apache-2.0
//
// What does it cost to decide who stays? The time of an offer, a token of a chunk that leaves the
// window, to caches of ever more slots; and how that grows beside slots + chunk, of which the cost
// of a chunk is promised to be a multiple. Deciding alone, and with the copies of what is kept.
//
// smoke: --chunks 20 --rounds 1 --largest 512

#include <ttt/memory/cache.hpp>

#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include "support/machine.hpp"
#include "support/program.hpp"

namespace {

using namespace ttt;

constexpr Index smallest = 64;
constexpr Index width = 64;
constexpr Index chunk = 64;
using Kept = Cache<Index{1} << 20, evict::LeastSurprising>;

double median(std::vector<double> numbers) {
  std::ranges::nth_element(numbers, numbers.begin() + std::ssize(numbers) / 2);
  return numbers[numbers.size() / 2];
}

/// Tokens that leave the window, chunk by chunk.
class Text {
 public:
  std::vector<Offer> leave() {
    std::vector<Offer> offers;
    for (Index n = 0; n < chunk; ++n) {
      offers.push_back({.entry = {.position = position_++, .surprisal = 6 * random_.uniform()},
                        .surprisal = {},
                        .at = 0});
    }
    return offers;
  }

 private:
  Random random_{1};
  Index position_ = 0;
};

struct Seconds {
  double whole;   ///< of an offer
  double choice;  ///< the part of it that decides
};

/// Times of an offer, the mean over `chunks` chunks that a full cache is offered.
Seconds time_of_offer(Index slots, Index chunks) {
  Text text;
  Kept::State<Matrix<float>> state;
  const Matrix<float> rows = Matrix<float>::Ones(chunk, width);
  const auto offer = [&] {
    const auto offers = text.leave();
    const support::Stopwatch watch;
    Kept::offer(state, {.keys = rows, .values = rows, .keep = {}, .offers = offers},
                {.slots = slots});
    return watch.seconds();
  };
  for (Index filled = 0; filled < 2 * slots; filled += chunk) offer();
  double whole = 0;
  double choice = 0;
  for (Index n = 0; n < chunks; ++n) {
    std::vector<Entry> all = state.entries;
    for (const Offer& offered : text.leave()) all.push_back(offered.entry);
    const support::Stopwatch watch;
    const auto staying = detail::who_stays(all, slots, {}, evict::LeastSurprising{});
    choice += watch.seconds();
    if (std::ssize(staying) != slots) throw Error("evict: a cache must stay full");
    whole += offer();
  }
  const auto offers = static_cast<double>(chunks * chunk);
  return {whole / offers, choice / offers};
}

}  // namespace

int main(int argc, char** argv) {
  Index chunks = 400;
  Index rounds = 5;
  Index largest = 4096;
  support::Program program("evict", "Measures what an offer to a cache costs");
  program.option("--chunks", chunks, "offered to a full cache in a round")
      .option("--rounds", rounds, "of which the median")
      .option("--largest", largest, "slots; from 64 on they are doubled");
  return program.run(argc, argv, [&] {
    support::Report report;
    double first_whole = 0;
    double first_choice = 0;
    for (Index slots = smallest; slots <= largest; slots *= 2) {
      std::vector<double> whole;
      std::vector<double> choice;
      for (Index round = 0; round < rounds; ++round) {
        const Seconds seconds = time_of_offer(slots, chunks);
        whole.push_back(seconds.whole);
        choice.push_back(seconds.choice);
      }
      if (slots == smallest) {
        first_whole = median(whole);
        first_choice = median(choice);
      }
      const double growth =
          static_cast<double>(slots + chunk) / static_cast<double>(smallest + chunk);
      const std::string name = "slots_" + std::to_string(slots);
      report.set(name,
                 support::Report()
                     .set("microseconds", 1e6 * median(whole))
                     .set("over_64", median(whole) / first_whole)
                     .set("over_64_and_growth", median(whole) / first_whole / growth)
                     .set("choice_microseconds", 1e6 * median(choice))
                     .set("choice_over_64", median(choice) / first_choice)
                     .set("choice_over_64_and_growth", median(choice) / first_choice / growth));
      std::cerr << slots << " slots: " << 1e6 * median(whole) << " us an offer, deciding "
                << 1e6 * median(choice) << " us\n";
    }
    report.set("chunk", chunk).set("width", width).set("machine", support::this_machine().report());
    std::cout << report.text();
    return report;
  });
}
