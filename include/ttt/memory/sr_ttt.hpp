// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations/rows.hpp>
#include <ttt/algebra/tree.hpp>
#include <ttt/memory/entry.hpp>
#include <ttt/memory/evict.hpp>

#include <algorithm>
#include <compare>
#include <cstddef>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace ttt {

/// The number below which a percentage of the others lies, interpolated between two of them.
///
/// \pre numbers is not empty, percent in 0..100
[[nodiscard]] inline double percentile(std::span<const double> numbers, double percent) {
  std::vector<double> sorted(numbers.begin(), numbers.end());
  std::ranges::sort(sorted, [](double a, double b) { return std::is_lt(std::strong_order(a, b)); });
  const double place = percent / 100 * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

/// The result of a PercentileFilter on a window.
struct Flagged {
  double threshold = 0;           ///< that the losses were compared with
  std::vector<bool> above;        ///< [time], whether a token's loss is above the threshold
  std::vector<bool> tokens;       ///< [time], whether the token is flagged
  std::vector<double> part_mean;  ///< [time], of the part of the window that the token is in
};

/// Flags tokens of a window with a high loss, in parts of the window with a high mean loss.
///
///   tau     = P                                at the first window
///           = decay tau + (1 - decay) P        P the percentile of the window's losses
///   flagged = loss_t > tau  and  sum of the part's losses / part > share tau
///
/// The sum over a part that the end of the window cuts short is divided by the whole length, as in
/// the original. The filter has no state: the caller stores the threshold.
///
/// \source arXiv:2603.06642, second version, and its code
struct PercentileFilter {
  double percent = 95;  ///< of the losses of a window are below the percentile
  double decay = 0.9;   ///< of the threshold, from window to window
  double share = 0.8;   ///< of the threshold that a part's mean must exceed
  Index part = 16;      ///< tokens of a part

  /// \shape  losses [time], time > 0; no threshold before the first window
  [[nodiscard]] Flagged operator()(std::span<const double> losses,
                                   std::optional<double> before) const {
    Flagged result;
    const double here = percentile(losses, percent);
    result.threshold = before ? decay * *before + (1 - decay) * here : here;
    const auto whole = static_cast<std::size_t>(part);
    for (std::size_t first = 0; first < losses.size(); first += whole) {
      const auto members = losses.subspan(first, std::min(whole, losses.size() - first));
      double mean = 0;
      for (const double loss : members) mean += loss;
      mean /= static_cast<double>(part);
      for (const double loss : members) {
        result.above.push_back(loss > result.threshold);
        result.tokens.push_back(result.above.back() && mean > share * result.threshold);
        result.part_mean.push_back(mean);
      }
    }
    return result;
  }
};

/// The hidden states of tokens, exactly, in a cache that newcomers enter without competing:
/// residents are evicted for them.
///
/// Tokens that enter together are one insertion, and Entry::insertions counts the later ones. A
/// full cache evicts as many residents as there is room missing, first those that `Order` evicts
/// first; if that is all of them, the first newcomers are stored and the others lost.
///
/// \law size   never more than `slots` tokens, whatever is inserted
/// \law order  residents stay in their order, and newcomers follow in theirs
/// \source arXiv:2603.06642, second version, and its code
template <Evict Order = evict::LeastSurprisingForAge>
struct ResidualCache {
  /// What is stored.
  template <class A>
  struct State {
    A hidden;                 ///< [stored, width]
    Metadata<Entry> entries;  ///< [stored]

    /// Calls on(name, member...) for each member of trees of one form.
    static void visit(auto&& on, auto&... trees) {
      on("hidden", trees.hidden...);
      on("entries", trees.entries...);
    }
  };

  Order evict{};  ///< the order of eviction; of entries that are equal in it, the first is first

  /// Inserts tokens. Without any, nothing changes.
  ///
  /// \shape  hidden [newcomers, width]
  /// \cost   O(slots log slots + newcomers), besides copying what is stored
  template <class X>
  void insert(State<X>& state, const X& hidden, std::span<const Entry> newcomers,
              Index slots) const {
    if (newcomers.empty()) return;
    const Index residents = std::ssize(state.entries);
    const Index missing = std::max<Index>(0, residents + std::ssize(newcomers) - slots);
    for (Entry& entry : state.entries) ++entry.insertions;
    if (missing > 0 && missing >= residents) {
      const Index stored = std::min(slots, std::ssize(newcomers));
      state.hidden = take_rows(hidden, 0, stored);
      state.entries.assign(newcomers.begin(), newcomers.begin() + stored);
      return;
    }
    if (missing > 0) keep(state, survivors(state.entries, missing));
    state.hidden = append_rows(state.hidden, hidden);
    state.entries.insert(state.entries.end(), newcomers.begin(), newcomers.end());
  }

 private:
  /// The numbers of the entries that stay when `leaving` are evicted, in their order.
  [[nodiscard]] std::vector<Index> survivors(const std::vector<Entry>& entries,
                                             Index leaving) const {
    std::vector<Index> numbers(entries.size());
    std::iota(numbers.begin(), numbers.end(), Index{0});
    std::ranges::stable_sort(
        numbers, [&](Index a, Index b) { return evict(at(entries, a), at(entries, b)); });
    numbers.erase(numbers.begin(), numbers.begin() + leaving);
    std::ranges::sort(numbers);
    return numbers;
  }

  template <class X>
  static void keep(State<X>& state, const std::vector<Index>& staying) {
    Metadata<Entry> entries;
    for (const Index n : staying) entries.push_back(at(state.entries, n));
    state.hidden = choose_rows(state.hidden, staying);
    state.entries = std::move(entries);
  }
};

/// The share of some positions that a cache stores: whether what is asked for is there at all.
///
/// \pre positions is not empty
[[nodiscard]] inline double containment(std::span<const Entry> entries,
                                        std::span<const Index> positions) {
  const auto found = std::ranges::count_if(positions, [&](Index position) {
    return std::ranges::find(entries, position, &Entry::position) != entries.end();
  });
  return static_cast<double>(found) / static_cast<double>(positions.size());
}

/// Whether the residual caches of a model are filled and read.
enum class Caching { on, off };

/// Run-time options of ResidualDelta layers.
struct SrTttOptions {
  Caching caching = Caching::on;   ///< off in the first stage of training
  std::vector<Index> forced = {};  ///< positions of tokens that are stored, flagged or not
  /// Weight in the training loss of the mean of -log(attention to the token that answers + 1e-6),
  /// over layers, windows with a query whose needle is stored, heads and queries. A needle that is
  /// not stored has the attention 0 in such a window.
  double oracle = 0;
  std::vector<Index> queries = {};  ///< positions of tokens whose targets are answers
  std::vector<Index> needles = {};  ///< [queries], where the text had each of those targets before
};

/// The two stages that SR-TTT is trained in.
enum class SrTttStage {
  backbone,  ///< everything but gates and projections of the caches, which are off
  recall,    ///< gates and projections of the caches, which are on, and nothing else
};

/// How residual caches are trained: options of the layers for PlainLoss.
///
/// The second stage finds the answers by Text::loss_weight: each run of targets with a weight is an
/// answer, and its needle is the first place where the same tokens stood before. Needles are forced
/// into the caches. An answer that the text does not have before has no part in the oracle's term.
///
/// \source arXiv:2603.06642, second version, for the stages and the oracle
struct SrTttSchedule {
  SrTttStage stage = SrTttStage::backbone;  ///< which tensors are trained; see frozen_in
  double oracle = 1;                        ///< as SrTttOptions; 0 trains the variant without it

  /// What holds for a text.
  template <class Model, class Text>
  [[nodiscard]] typename Model::Options at(Index /*step*/, const Text& text) const {
    SrTttOptions now{.caching = Caching::off};
    if (stage == SrTttStage::recall) {
      now = {.caching = Caching::on, .oracle = oracle};
      note_answers(text, now);
      now.forced = now.needles;
    }
    return now;
  }

 private:
  template <class Text>
  static void note_answers(const Text& text, SrTttOptions& options) {
    const Index time = text.time();
    const auto weighted = [&](Index t) {
      return t < std::ssize(text.loss_weight) && t < time && ttt::at(text.loss_weight, t) > 0;
    };
    for (Index first = 0; first < time; ++first) {
      if (!weighted(first)) continue;
      Index end = first;
      while (weighted(end)) ++end;
      const auto answer = text.targets().subspan(static_cast<std::size_t>(first),
                                                 static_cast<std::size_t>(end - first));
      const auto before = text.tokens.first(static_cast<std::size_t>(first + 1));
      const auto said = std::ranges::search(before, answer);
      for (Index t = first; !said.empty() && t < end; ++t) {
        options.queries.push_back(t);
        options.needles.push_back(said.begin() - before.begin() + t - first);
      }
      first = end;
    }
  }
};

}  // namespace ttt
