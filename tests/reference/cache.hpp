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
  const M& keep;                         ///< [time, 1]
  const M& gate;                         ///< [1, 1], of the cache's answer
  const std::vector<double>& surprisal;  ///< [time]
  const Room& room;                      ///< of the cache

  /// What every query answers, and what is kept at the end. \shape [time, width]
  M read(const ttt::ModelSpec& spec, std::vector<Entry>& kept) const {
    M y = M::Zero(q.rows(), q.cols());
    for (Index begin = 0; begin < q.rows(); begin += spec.chunk) {
      offer_chunk(spec, begin, kept);
      const Index stays = begin + spec.chunk - spec.window;
      const auto places = typename Kept::PlacePolicy{}(kept, stays);
      for (Index query = begin; query < std::min(q.rows(), begin + spec.chunk); ++query) {
        for (Entry& e : kept) e.readers += sees(spec, query, e);
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
            const double added = Kept::wants.keep_score ? keep(at, 0) : 0.0;
            add(at, score(spec, head, query, at, places ? (*places)[n] - query : 0) + added);
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
            if (n >= far) continue;
            Entry& e = *std::ranges::find(kept, positions[n], &Entry::position);
            e.attended += share / static_cast<double>(spec.heads);
            if (share * static_cast<double>(rivals.count) > 1) e.attended_at = query;
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
    double far_counts = 1.0;  ///< what the cache's answer is multiplied by
  };

  /// Of the weights, the first `far` are of the cache.
  Rivals rivals_of(const std::vector<double>& weights, std::size_t far) const {
    double of_far = 0;
    double of_near = 0;
    for (std::size_t n = 0; n < weights.size(); ++n) (n < far ? of_far : of_near) += weights[n];
    if constexpr (std::is_same_v<typename Kept::FusePolicy, ttt::fuse::Gated>) {
      return {of_near, of_far, far, 1 / (1 + std::exp(-gate(0, 0)))};
    } else {
      static_assert(std::is_same_v<typename Kept::FusePolicy, ttt::fuse::OneSoftmax>);
      return {of_near + of_far, of_near + of_far, weights.size()};
    }
  }

  static bool sees(const ttt::ModelSpec& spec, Index query, const Entry& e) {
    return e.position <= query - spec.window;
  }

  /// Offers what is in the window before the chunk, and not behind it.
  void offer_chunk(const ttt::ModelSpec& spec, Index begin, std::vector<Entry>& kept) const {
    const Index known = std::max<Index>(0, begin - spec.window - spec.chunk);
    const std::vector<double> nats(surprisal.begin() + known, surprisal.begin() + begin);
    std::vector<Offer> offers;
    for (Index at = std::max<Index>(0, begin - spec.window); at < begin + spec.chunk - spec.window;
         ++at) {
      offers.push_back(
          {.entry = {.position = at,
                     .surprisal = surprisal[static_cast<std::size_t>(at)],
                     .keep = Kept::wants.keep_score ? keep(at, 0) : 0.0,
                     .attended_at = begin},
           .surprisal = nats,
           .at = static_cast<std::size_t>(at - known),
           .reconstruction = Kept::wants.reconstruction ? missed(spec, at, begin) : 0.0});
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
