// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/entry.hpp>
#include <ttt/memory/fuse.hpp>
#include <ttt/spec/model_spec.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <type_traits>
#include <vector>

#include "reference/rotate.hpp"

namespace reference {

using ttt::Entry;
using ttt::Offer;

/// How many slots of a cache are used, and what stays whatever a policy says.
struct Room {
  Index slots;                ///< at most
  std::vector<Index> pinned;  ///< positions
};

/// What a cache stores of its entries and of what it is offered at `now`: all of them sorted, the
/// last to be evicted first, and the first `room.slots` of that, in the order of the text.
template <class Kept>
std::vector<Entry> offer(const std::vector<Entry>& residents, const std::vector<Offer>& offers,
                         const Room& room, Index now) {
  const typename Kept::EvictPolicy leaves;
  const auto pinned = [&](const Entry& e) {
    return std::ranges::count(room.pinned, e.position) > 0;
  };
  std::vector<Entry> newcomers;
  for (const Offer& offer : offers) {
    newcomers.push_back(offer.entry);
    newcomers.back().signal = typename Kept::SignalPolicy{}(offer);
    newcomers.back().now = now;
  }
  std::vector<Entry> all = residents;
  for (Entry& entry : all) {
    entry.now = now;
    entry.insertions += 1;
  }
  for (std::size_t n = 0; n < newcomers.size(); ++n) {
    if (pinned(newcomers[n]) || typename Kept::AdmitPolicy{}(newcomers, n)) {
      all.push_back(newcomers[n]);
    }
  }
  std::ranges::sort(all, [&](const Entry& a, const Entry& b) {
    if (pinned(a) != pinned(b)) return pinned(a);
    if (leaves(a, b) || leaves(b, a)) return leaves(b, a);
    return a.position > b.position;
  });
  const Index slots = std::min(room.slots, Kept::slots);
  if (std::ssize(all) > slots) all.resize(static_cast<std::size_t>(slots));
  std::ranges::sort(all, [](const Entry& a, const Entry& b) { return a.position < b.position; });
  return all;
}

/// What a window and a cache make of a whole text, query by query and with the whole text at hand.
template <class Kept>
class CachedText {
 public:
  using M = Matrix<double>;

  const M &q, &k, &v;                    ///< [time, width], un-rotated
  const M& keep;                         ///< [time, 1], or [time, heads] of retentions
  const M& gate;                         ///< [1, 1], of the cache's answer
  const std::vector<double>& surprisal;  ///< [time]
  const Room& room;                      ///< of the cache

  /// What every query answers, and what is kept at the end. \shape [time, width]
  M read(const ttt::ModelSpec& spec, std::vector<Entry>& kept) const {
    M y = M::Zero(q.rows(), q.cols());
    std::vector<Entry> tokens;  // of the whole text, with what they receive in the window
    for (Index at = 0; at < q.rows(); ++at) tokens.push_back({.position = at, .attended_at = at});
    for (Index begin = 0; begin < q.rows(); begin += spec.chunk) {
      offer_chunk(spec, begin, tokens, kept);
      for (Entry& e : tokens) e.attended_in_chunk = 0;
      for (Entry& e : kept) e.attended_in_chunk = 0;
      const Index stays = begin + spec.chunk - spec.window;
      const auto places = typename Kept::PlacePolicy{}(kept, stays);
      for (Index query = begin; query < std::min(q.rows(), begin + spec.chunk); ++query) {
        for (Entry& e : kept) {
          e.readers += sees(spec, query, e) || Kept::wants.window_attention;
          e.attended_last = 0;
        }
        for (Entry& e : tokens) {
          e.readers += e.position <= query && !sees(spec, query, e);
          e.attended_last = 0;
        }
        for (Index head = 0; head < spec.heads; ++head) {
          std::vector<Index> positions;  // whose value
          std::vector<double> weights;
          const auto add = [&](Index position, double score) {
            positions.push_back(position);
            weights.push_back(std::exp(score));
          };
          for (std::size_t n = 0; n < kept.size(); ++n) {
            if (!sees(spec, query, kept[n])) continue;
            const Index at = kept[n].position;
            add(at, score(spec, head, query, at, places ? (*places)[n] - query : 0) +
                        added(head, query, at));
          }
          const std::size_t far = positions.size();
          for (Index at = std::max<Index>(0, query - spec.window + 1); at <= query; ++at) {
            add(at, score(spec, head, query, at, at - query));
          }
          const Rivals rivals = rivals_of(weights, far);
          const Index width = q.cols() / spec.heads;
          for (std::size_t n = 0; n < positions.size(); ++n) {
            const double share = weights[n] / (n < far ? rivals.far : rivals.near);
            const double counts = n < far ? rivals.far_counts : 1.0;
            y.block(query, head * width, 1, width) +=
                counts * share * v.block(positions[n], head * width, 1, width);
            const auto receive = [&](Entry& e) {
              const double mean = share / static_cast<double>(spec.heads);
              e.attended += mean;
              e.attended_in_chunk += mean;
              e.attended_last += mean;
              const std::size_t count = n < far ? rivals.count : rivals.near_count;
              if (share * static_cast<double>(count) > 1) e.attended_at = query;
            };
            const auto stored = std::ranges::find(kept, positions[n], &Entry::position);
            const bool counts_here = n < far || Kept::wants.window_attention;
            if (stored != kept.end() && counts_here) receive(*stored);
            if (n >= far) receive(tokens[static_cast<std::size_t>(positions[n])]);
          }
        }
      }
    }
    return y;
  }

 private:
  /// What the weights of a query's keys are shares of.
  struct Rivals {
    double near, far;         ///< total weight, of which those of the window and of the cache are
    std::size_t count;        ///< keys that those of the cache compete with, themselves included
    std::size_t near_count;   ///< keys that those of the window compete with
    double far_counts = 1.0;  ///< what the cache's answer is multiplied by
  };

  /// Of the weights, the first `far` are of the cache.
  Rivals rivals_of(const std::vector<double>& weights, std::size_t far) const {
    double of_far = 0;
    double of_near = 0;
    for (std::size_t n = 0; n < weights.size(); ++n) (n < far ? of_far : of_near) += weights[n];
    if constexpr (std::is_same_v<typename Kept::FusePolicy, ttt::fuse::Gated>) {
      return {of_near, of_far, far, weights.size() - far, 1 / (1 + std::exp(-gate(0, 0)))};
    } else {
      static_assert(std::is_same_v<typename Kept::FusePolicy, ttt::fuse::OneSoftmax>);
      return {of_near + of_far, of_near + of_far, weights.size(), weights.size()};
    }
  }

  /// What the score of a query with a cached key has besides their product.
  double added(Index head, Index query, Index at) const {
    if (Kept::wants.keep_score) return keep(at, 0);
    return Kept::wants.retention ? static_cast<double>(query - at) * keep(at, head) : 0.0;
  }

  static bool sees(const ttt::ModelSpec& spec, Index query, const Entry& e) {
    return e.position <= query - spec.window;
  }

  /// Offers what is in the window before the chunk, and not behind it.
  void offer_chunk(const ttt::ModelSpec& spec, Index begin, const std::vector<Entry>& tokens,
                   std::vector<Entry>& kept) const {
    const Index known = std::max<Index>(0, begin - spec.window - spec.chunk);
    const std::vector<double> nats(surprisal.begin() + known, surprisal.begin() + begin);
    std::vector<double> attention;
    for (Index at = known; at < begin; ++at) {
      const bool there = Kept::wants.window_attention && at >= begin - spec.window;
      attention.push_back(there ? tokens[static_cast<std::size_t>(at)].attended_in_chunk : 0.0);
    }
    std::vector<Offer> offers;
    for (Index at = std::max<Index>(0, begin - spec.window); at < begin + spec.chunk - spec.window;
         ++at) {
      Entry entry{.position = at, .attended_at = begin};
      if (Kept::wants.window_attention) entry = tokens[static_cast<std::size_t>(at)];
      entry.surprisal = surprisal[static_cast<std::size_t>(at)];
      if (Kept::wants.keep_score) entry.keep = keep(at, 0);
      if (Kept::wants.retention) entry.log_retention = keep.row(at).mean();
      offers.push_back(
          {.entry = entry,
           .surprisal = nats,
           .at = static_cast<std::size_t>(at - known),
           .reconstruction = Kept::wants.reconstruction ? missed(spec, at, begin) : 0.0,
           .attention = attention});
    }
    if (!offers.empty()) kept = offer<Kept>(kept, offers, room, begin);
  }

  /// How badly the tokens that stay in the window of the chunk at `begin` give back the value of
  /// one that leaves it.
  double missed(const ttt::ModelSpec& spec, Index leaving, Index begin) const {
    const Index width = q.cols() / spec.heads;
    const Index first = std::max<Index>(0, begin + spec.chunk - spec.window);
    double squares = 0;
    for (Index head = 0; head < spec.heads; ++head) {
      M given = M::Zero(1, width);
      double total = 0;
      for (Index at = first; at < begin; ++at) {
        const auto of_head = [&](const M& rows, Index row) {
          return rows.block(row, head * width, 1, width);
        };
        const double weight = std::exp(of_head(k, leaving).cwiseProduct(of_head(k, at)).sum() /
                                       std::sqrt(static_cast<double>(width)));
        given += weight * of_head(v, at);
        total += weight;
      }
      if (total > 0) given /= total;
      squares += (v.block(leaving, head * width, 1, width) - given).squaredNorm();
    }
    return squares / static_cast<double>(q.cols());
  }

  /// A query with a key that stands `apart` behind it.
  double score(const ttt::ModelSpec& spec, Index head, Index query, Index key, Index apart) const {
    const Index width = q.cols() / spec.heads;
    const M turned = rotate(M(k.block(key, head * width, 1, width)), width,
                            static_cast<double>(spec.rotary.base), apart, 2, 1);
    return q.block(query, head * width, 1, width).cwiseProduct(turned).sum() /
           std::sqrt(static_cast<double>(width));
  }
};

}  // namespace reference
