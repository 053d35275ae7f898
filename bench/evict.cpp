// SPDX-License-Identifier: Apache-2.0
//
// What does eviction cost? The time of an offer, a token of a chunk that leaves the window, to
// caches of ever more slots; and how that grows beside slots + chunk, of which the cost of a chunk
// is promised to be a multiple. The decision alone, and with the copies of what is stored.
//
// The peer is a heap, which decides n offers in O(n log slots), but is in no order of the text and
// cannot follow an order that attention changes. Nearly every offer evicts an entry, the worst case
// of a heap.
//
// smoke: --chunks 20 --rounds 1 --largest 512

#include <ttt/cpu/matrix.hpp>
#include <ttt/memory/cache.hpp>

#include <algorithm>
#include <functional>
#include <iostream>
#include <numeric>
#include <string>
#include <vector>

#include "support/machine.hpp"
#include "support/program.hpp"
#include "support/statistics.hpp"

namespace {

using namespace ttt;

constexpr Index smallest = 64;
constexpr Index width = 64;
constexpr Index chunk = 64;
using Kept = Cache<Index{1} << 20, evict::LeastSurprising>;

/// Tokens that leave the window, chunk by chunk, ever more surprising: nearly each of them evicts
/// one of `slots` entries.
class Text {
 public:
  explicit Text(Index slots) : slots_(slots) {}

  std::vector<Offer> leave() {
    std::vector<Offer> offers;
    for (Index n = 0; n < chunk; ++n) {
      offers.push_back(
          {.entry = {.position = position_, .surprisal = surprisal()}, .surprisal = {}, .at = 0});
      ++position_;
    }
    return offers;
  }

  /// Tokens that have left.
  [[nodiscard]] Index position() const { return position_; }

 private:
  double surprisal() {
    return static_cast<double>(position_) + static_cast<double>(slots_) * random_.uniform();
  }

  Index slots_;
  Random random_{1};
  Index position_ = 0;
};

/// Decides by a heap, whose front is evicted first.
class Heap {
 public:
  void offer(const std::vector<Offer>& offers, Index slots) {
    const auto evicted_after = [](const Entry& a, const Entry& b) {
      return evict::LeastSurprising{}(b, a);
    };
    for (const Offer& offered : offers) {
      if (std::ssize(kept_) == slots) {
        if (!evict::LeastSurprising{}(kept_.front(), offered.entry)) continue;
        std::ranges::pop_heap(kept_, evicted_after);
        kept_.pop_back();
      }
      kept_.push_back(offered.entry);
      std::ranges::push_heap(kept_, evicted_after);
    }
  }

  /// The sum of the positions that are stored: which they are, in a number.
  [[nodiscard]] Index positions() const { return sum_of_positions(kept_); }

  static Index sum_of_positions(const std::vector<Entry>& entries) {
    return std::transform_reduce(entries.begin(), entries.end(), Index{0}, std::plus{},
                                 [](const Entry& entry) { return entry.position; });
  }

 private:
  std::vector<Entry> kept_;
};

struct Seconds {
  double whole;   ///< of an offer
  double choice;  ///< the part of it that decides
  double heap;    ///< what the peer needs to decide
};

/// Times of an offer, the mean over `chunks` chunks that a full cache is offered.
Seconds time_of_offer(Index slots, Index chunks) {
  Text text(slots);
  Kept::State<Matrix<float>> state;
  Heap heap;
  const Matrix<float> rows = Matrix<float>::Ones(chunk, width);
  Seconds sum{};
  const auto offer = [&] {
    const auto offers = text.leave();
    support::Stopwatch watch;
    std::vector<Entry> all = state.entries;
    all.reserve(all.size() + offers.size());
    for (const Offer& offered : offers) all.push_back(offered.entry);
    const auto staying = detail::survivors(all, slots, {}, evict::LeastSurprising{});
    sum.choice += watch.seconds();
    watch = {};
    heap.offer(offers, slots);
    sum.heap += watch.seconds();
    watch = {};
    Kept::offer(state, {.keys = rows, .values = rows, .keep = {}, .offers = offers},
                text.position(), {.slots = slots});
    sum.whole += watch.seconds();
    if (staying.size() != state.entries.size() ||
        Heap::sum_of_positions(state.entries) != heap.positions()) {
      throw Error("evict: cache and heap must store the same tokens");
    }
  };
  for (Index filled = 0; filled < 2 * slots; filled += chunk) offer();
  sum = {};
  for (Index n = 0; n < chunks; ++n) offer();
  const auto offers = static_cast<double>(chunks * chunk);
  return {sum.whole / offers, sum.choice / offers, sum.heap / offers};
}

}  // namespace

int main(int argc, char** argv) {
  Index chunks = 400;
  Index rounds = 5;
  Index largest = 4096;
  support::Program program("evict", "Measures what an offer to a cache costs");
  program.option("--chunks", chunks, {1, 1e6}, "offered to a full cache in a round")
      .option("--rounds", rounds, {1, 1000}, "of which the median")
      .option("--largest", largest, {smallest, 1 << 20}, "slots; from 64 on they are doubled");
  return program.run(argc, argv, [&] {
    support::Report report;
    double first_whole = 0;
    double first_choice = 0;
    for (Index slots = smallest; slots <= largest; slots *= 2) {
      std::vector<double> whole;
      std::vector<double> choice;
      std::vector<double> heap;
      for (Index round = 0; round < rounds; ++round) {
        const Seconds seconds = time_of_offer(slots, chunks);
        whole.push_back(seconds.whole);
        choice.push_back(seconds.choice);
        heap.push_back(seconds.heap);
      }
      if (slots == smallest) {
        first_whole = support::median(whole);
        first_choice = support::median(choice);
      }
      const double growth =
          static_cast<double>(slots + chunk) / static_cast<double>(smallest + chunk);
      const std::string name = "slots_" + std::to_string(slots);
      report.set(name, support::Report()
                           .set("microseconds", 1e6 * support::median(whole))
                           .set("over_64", support::median(whole) / first_whole)
                           .set("over_64_and_growth", support::median(whole) / first_whole / growth)
                           .set("choice_microseconds", 1e6 * support::median(choice))
                           .set("choice_over_heap", support::median(choice) / support::median(heap))
                           .set("choice_over_64", support::median(choice) / first_choice)
                           .set("choice_over_64_and_growth",
                                support::median(choice) / first_choice / growth));
      std::cerr << slots << " slots: " << 1e6 * support::median(whole) << " us an offer, deciding "
                << 1e6 * support::median(choice) << " us, a heap " << 1e6 * support::median(heap)
                << " us\n";
    }
    report.set("chunk", chunk).set("width", width).set("machine", support::this_machine().report());
    std::cout << report.text();
    return report;
  });
}
