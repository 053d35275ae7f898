// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <tuple>
#include <vector>

#include "reference/row.hpp"

namespace reference {

/// Settings of SR-TTT, in its authors' words where ours have others.
struct SrTttSettings {
  Index heads, head, window, chunk, slots;
  double largest_gate, percent, decay, share;
  Index part;
  bool caching = true;
  bool detached = false;
  std::vector<Index> forced{};
  std::vector<Index> queries{};
  std::vector<Index> needles{};
};

/// A token in a cache.
struct Stored {
  Row hidden;
  Index position;
  double surprisal;
  Index age = 0;
};

/// A block of SR-TTT, token by token, as one would write it on paper.
///
/// What has no derivative can be held fixed: a block that replays another takes from it what is
/// stored, and where steps are detached, the weights before a step and its direction.
template <class Params>
class SrTttBlock {
 public:
  /// The fast weights and the direction of a step, and the caches, as they were.
  struct Constants {
    std::vector<std::vector<Array>> weights, direction;
    std::vector<std::vector<Stored>> caches;
  };

  SrTttBlock(const Params& params, const SrTttSettings& settings, const Constants* fixed)
      : params_(params), s_(settings), fixed_(fixed) {
    for (Index h = 0; h < s_.heads; ++h) {
      weights.push_back(memory().delta.weights.middleCols(h * s_.head, s_.head));
      direction_.push_back(Array::Zero(s_.head, s_.head));
    }
  }

  /// Reads the next token.
  Row read(const Row& h) {
    const auto& norm = std::get<0>(params_.parts).norm;
    const Row g = normed(h, norm.weight, norm.bias);
    Row y = h;
    const auto add = [&](const Row& more, double factor) {
      for (std::size_t i = 0; i < y.size(); ++i) y[i] += factor * more[i];
    };
    add(delta(g), 1);
    if (s_.caching && !cache.empty()) {
      add(recall(g), std::clamp(memory().gate(0, 0), 0.0, s_.largest_gate));
    }
    window.push_back({g, position_, surprisal_});
    ++position_;
    if (position_ % s_.chunk == 0) step();
    if (position_ % s_.window == 0) store();
    const auto& [norm2, swiglu, none] = std::get<1>(params_.parts);
    const Row x = normed(y, norm2.weight, norm2.bias);
    Row gated = times(x, swiglu.w1);
    const Row other = times(x, swiglu.w3);
    for (std::size_t i = 0; i < gated.size(); ++i) {
      gated[i] *= other[i] / (1 + std::exp(-gated[i]));
    }
    add(times(gated, swiglu.w2), 1);
    return y;
  }

  /// Takes the chunk and the window in progress as complete.
  void flush() {
    if (position_ % s_.chunk != 0) step();
    if (position_ % s_.window != 0) store();
  }

  std::vector<Array> weights;  ///< [head, head] of each head, from keys to values
  std::vector<Stored> cache;   ///< in the order of the text
  std::vector<Stored> window;  ///< in progress
  double threshold = -1;       ///< negative before the first window
  std::vector<double> oracle;  ///< -log of attention to needles, a number for each head and query
  Constants constants;         ///< what another block can replay

 private:
  [[nodiscard]] const auto& memory() const { return std::get<0>(params_.parts).part; }

  Row delta(const Row& g) {
    const auto& p = memory().delta;
    const Row q = times(g, p.wq);
    const Row k = times(g, p.wk);
    const Row v = times(g, p.wv);
    Row all;
    surprisal_ = 0;
    for (Index h = 0; h < s_.heads; ++h) {
      const Row key = normed(turned(part_of(k, h, s_.head), position_), p.norm_weight, p.norm_bias);
      const Row value = normed(part_of(v, h, s_.head), p.norm_weight, p.norm_bias);
      const Array& w = ttt::at(weights, h);
      const Row out = times(turned(part_of(q, h, s_.head), position_), w);
      all.insert(all.end(), out.begin(), out.end());
      Row error = times(key, w);
      for (std::size_t i = 0; i < error.size(); ++i) {
        error[i] -= value[i];
        surprisal_ += error[i] * error[i] / static_cast<double>(s_.heads * s_.head);
      }
      for (Index i = 0; i < s_.head; ++i) {
        for (Index j = 0; j < s_.head; ++j) {
          ttt::at(direction_, h)(i, j) += 2 * ttt::at(key, i) * ttt::at(error, j);
        }
      }
    }
    ++in_chunk_;
    return times(all, p.wo);
  }

  void step() {
    for (Array& d : direction_) d /= in_chunk_;
    constants.weights.push_back(weights);
    constants.direction.push_back(direction_);
    const std::size_t n = constants.weights.size() - 1;
    if (fixed_ != nullptr && s_.detached) {
      weights = fixed_->weights[n];
      direction_ = fixed_->direction[n];
    }
    for (Index h = 0; h < s_.heads; ++h) {
      const double rate =
          std::min(std::abs(memory().delta.rate(0, h)), 1 / static_cast<double>(s_.head));
      ttt::at(weights, h) -= rate * ttt::at(direction_, h);
      ttt::at(direction_, h).setZero();
    }
    in_chunk_ = 0;
  }

  Row recall(const Row& g) {
    const auto& p = memory().recall;
    const Row q = times(g, p.wq);
    Row all;
    for (Index h = 0; h < s_.heads; ++h) {
      const Row query = part_of(q, h, s_.head);
      std::vector<double> share;
      double total = 0;
      for (const Stored& token : cache) {
        const Row key = part_of(times(token.hidden, p.wk), h, s_.head);
        double score = 0;
        for (std::size_t i = 0; i < key.size(); ++i) score += query[i] * key[i];
        share.push_back(std::exp(score / std::sqrt(static_cast<double>(s_.head))));
        total += share.back();
      }
      Row out(static_cast<std::size_t>(s_.head), 0.0);
      for (std::size_t n = 0; n < cache.size(); ++n) {
        share[n] /= total;
        const Row value = part_of(times(cache[n].hidden, p.wv), h, s_.head);
        for (std::size_t i = 0; i < value.size(); ++i) out[i] += share[n] * value[i];
      }
      all.insert(all.end(), out.begin(), out.end());
      note_oracle(share);
    }
    return times(all, p.wo);
  }

  /// The terms of this query and head, if a needle of the window's queries is stored.
  void note_oracle(const std::vector<double>& share) {
    const auto slot_of = [&](Index needle) {
      return std::ranges::find(cache, needle, &Stored::position) - cache.begin();
    };
    bool any = false;
    for (std::size_t n = 0; n < s_.queries.size(); ++n) {
      const bool here = s_.queries[n] / s_.window == position_ / s_.window;
      any = any || (here && slot_of(s_.needles[n]) < std::ssize(cache));
    }
    for (std::size_t n = 0; any && n < s_.queries.size(); ++n) {
      if (s_.queries[n] != position_) continue;
      const Index slot = slot_of(s_.needles[n]);
      const double mass = slot < std::ssize(cache) ? ttt::at(share, slot) : 0;
      oracle.push_back(-std::log(mass + 1e-6));
    }
  }

  void store() {
    if (s_.caching) insert(newcomers());
    window.clear();
    constants.caches.push_back(cache);
    if (fixed_ != nullptr) cache = fixed_->caches[constants.caches.size() - 1];
  }

  std::vector<Stored> newcomers() {
    std::vector<double> sorted;
    for (const Stored& token : window) sorted.push_back(token.surprisal);
    std::ranges::sort(sorted);
    const double place = s_.percent / 100 * static_cast<double>(sorted.size() - 1);
    const double floor = std::floor(place);
    const double low = sorted[static_cast<std::size_t>(floor)];
    const double high = sorted[static_cast<std::size_t>(std::ceil(place))];
    const double percentile = low + (place - floor) * (high - low);
    threshold = threshold < 0 ? percentile : s_.decay * threshold + (1 - s_.decay) * percentile;
    std::vector<Stored> chosen;
    for (std::size_t t = 0; t < window.size(); ++t) {
      const std::size_t size = static_cast<std::size_t>(s_.part);
      double mean = 0;
      for (std::size_t u = t / size * size; u < std::min(t / size * size + size, window.size());
           ++u) {
        mean += window[u].surprisal / static_cast<double>(size);
      }
      const bool flagged = window[t].surprisal > threshold && mean > s_.share * threshold;
      const bool forced = std::ranges::find(s_.forced, window[t].position) != s_.forced.end();
      if (flagged || forced) chosen.push_back(window[t]);
    }
    return chosen;
  }

  void insert(std::vector<Stored> newcomers) {
    if (newcomers.empty()) return;
    for (Stored& token : cache) ++token.age;
    const auto room = static_cast<std::size_t>(s_.slots);
    for (std::size_t more = newcomers.size(); !cache.empty() && cache.size() + more > room;) {
      const auto priority = [](const Stored& token) {
        return token.surprisal / (1 + static_cast<double>(token.age));
      };
      cache.erase(std::ranges::min_element(cache, {}, priority));
    }
    if (cache.empty() && newcomers.size() > room) newcomers.resize(room);
    cache.insert(cache.end(), newcomers.begin(), newcomers.end());
  }

  const Params& params_;
  const SrTttSettings& s_;
  const Constants* fixed_;
  std::vector<Array> direction_;
  double surprisal_ = 0;
  double in_chunk_ = 0;
  Index position_ = 0;
};

/// A model of such blocks.
template <class Params>
class SrTttModel {
 public:
  using Blocks = std::remove_cvref_t<decltype(std::get<0>(std::declval<Params>().stages))>;
  using Block = SrTttBlock<typename Blocks::value_type>;

  /// Both outlive the model; so does what is replayed.
  SrTttModel(const Params& params, const SrTttSettings& settings,
             const SrTttModel* replayed = nullptr)
      : params_(params) {
    const auto& all = std::get<0>(params.stages);
    for (std::size_t n = 0; n < all.size(); ++n) {
      blocks.emplace_back(all[n], settings,
                          replayed == nullptr ? nullptr : &replayed->blocks[n].constants);
    }
  }

  /// The logits behind the next token.
  Row read(Index token) {
    Row h;
    for (Index i = 0; i < params_.embedding.cols(); ++i) h.push_back(params_.embedding(token, i));
    for (Block& block : blocks) h = block.read(h);
    return times(normed(h, params_.norm.weight, params_.norm.bias),
                 Array(params_.embedding.transpose()));
  }

  std::vector<Block> blocks;

 private:
  const Params& params_;
};

}  // namespace reference
