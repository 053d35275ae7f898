// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/entry.hpp>
#include <ttt/random.hpp>

#include <concepts>
#include <cstdint>
#include <limits>

namespace ttt {

/// Who leaves a full cache first: evict(a, b) says whether a leaves before b.
///
/// \law order  a strict weak order on entries
template <class P>
concept Evict = requires(const P& evict, const Entry& a, const Entry& b) {
  { evict(a, b) } -> std::same_as<bool>;
};

/// Who leaves a full cache first. Where an order leaves it open, the older leaves.
namespace evict {

/// Who surprised least.
struct LeastSurprising {
  bool operator()(const Entry& a, const Entry& b) const { return a.surprisal < b.surprisal; }
};

/// Whom the model's keep score wants least.
struct LeastWanted {
  static constexpr bool wants_keep_score = true;  ///< so the model has one
  bool operator()(const Entry& a, const Entry& b) const { return a.keep < b.keep; }
};

/// Who has the weakest signal.
struct WeakestSignal {
  bool operator()(const Entry& a, const Entry& b) const { return a.signal < b.signal; }
};

/// Who was read longest ago.
struct Oldest {
  bool operator()(const Entry& a, const Entry& b) const { return a.position < b.position; }
};

/// Who received least attention for each query that could see it. Who was not seen yet stays.
///
/// \source Zhang et al. 2023, "H2O: Heavy-Hitter Oracle for Efficient Generative Inference of Large
///         Language Models", arXiv:2306.14048, for the idea; theirs is a sum, not a mean
struct LeastAttended {
  bool operator()(const Entry& a, const Entry& b) const { return share(a) < share(b); }

 private:
  static double share(const Entry& e) {
    return e.readers == 0 ? std::numeric_limits<double>::infinity()
                          : e.attended / static_cast<double>(e.readers);
  }
};

/// Whose last reader was longest ago.
struct LeastRecentlyAttended {
  bool operator()(const Entry& a, const Entry& b) const { return a.attended_at < b.attended_at; }
};

/// Anybody: an order that depends on the position and on `Seed` alone.
template <std::uint64_t Seed>
struct Random {
  bool operator()(const Entry& a, const Entry& b) const { return draw(a) < draw(b); }

 private:
  static std::uint64_t draw(const Entry& e) {
    return ttt::Random(Seed, static_cast<std::uint64_t>(e.position)).bits();
  }
};

/// The order `Then`, but the first `Count` tokens of the text stay.
template <Index Count, Evict Then>
struct PinFirst {
  static constexpr bool wants_keep_score = detail::wants_keep_score<Then>;  ///< if the order does
  bool operator()(const Entry& a, const Entry& b) const {
    const bool a_stays = a.position < Count;
    const bool b_stays = b.position < Count;
    return a_stays != b_stays ? b_stays : Then{}(a, b);
  }
};

/// The order `First`, and where that leaves it open, `Then`.
template <Evict First, Evict Then>
struct InOrder {
  static constexpr bool wants_keep_score =
      detail::wants_keep_score<First> || detail::wants_keep_score<Then>;  ///< if one of them does
  bool operator()(const Entry& a, const Entry& b) const {
    if (First{}(a, b)) return true;
    return !First{}(b, a) && Then{}(a, b);
  }
};

}  // namespace evict

static_assert(Evict<evict::LeastSurprising> && Evict<evict::Random<1>>);

}  // namespace ttt
