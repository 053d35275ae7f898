// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/entry.hpp>
#include <ttt/random.hpp>

#include <concepts>
#include <cstdint>
#include <limits>

namespace ttt {

/// The order of eviction: evict(a, b) says whether a is evicted before b.
///
/// \law order  a strict weak order on entries
template <class P>
concept Evict = requires(const P& evict, const Entry& a, const Entry& b) {
  { evict(a, b) } -> std::same_as<bool>;
};

/// Eviction policies: what is evicted first. Of entries that an order holds for equal, the older
/// is.
namespace evict {

/// What surprised the model least.
struct LeastSurprising {
  bool operator()(const Entry& a, const Entry& b) const { return a.surprisal < b.surprisal; }
};

/// What surprised least for the time that it is stored: by surprisal / (1 + insertions).
///
/// \source arXiv:2603.06642, second version, and its code
struct LeastSurprisingForAge {
  bool operator()(const Entry& a, const Entry& b) const { return priority(a) < priority(b); }

 private:
  static double priority(const Entry& e) {
    return e.surprisal / (1 + static_cast<double>(e.insertions));
  }
};

/// What has the lowest keep score.
struct LowestKeepScore {
  static constexpr PolicyTraits traits{.keep_score = true};  ///< so the model has one
  bool operator()(const Entry& a, const Entry& b) const { return a.keep < b.keep; }
};

/// What has the weakest signal.
struct WeakestSignal {
  bool operator()(const Entry& a, const Entry& b) const { return a.signal < b.signal; }
};

/// What was read first.
struct Oldest {
  bool operator()(const Entry& a, const Entry& b) const { return a.position < b.position; }
};

/// What received least attention for each query that could see it. What was not seen yet stays.
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

/// What was attended to longest ago.
struct LeastRecentlyAttended {
  bool operator()(const Entry& a, const Entry& b) const { return a.attended_at < b.attended_at; }
};

/// A random order, which depends on the position and the seed alone.
struct Random {
  std::uint64_t seed = 1;  ///< of the order

  bool operator()(const Entry& a, const Entry& b) const { return draw(a) < draw(b); }

 private:
  [[nodiscard]] std::uint64_t draw(const Entry& e) const {
    return ttt::Random(seed, static_cast<std::uint64_t>(e.position)).bits();
  }
};

/// Another order, but the first tokens of the text stay.
///
/// \source Xiao et al. 2023, "Efficient Streaming Language Models with Attention Sinks",
///         arXiv:2309.17453, for the sinks
template <Evict Then = WeakestSignal>
struct PinFirst {
  static constexpr PolicyTraits traits = detail::traits_of<Then>;  ///< of the other order

  Index count = 4;  ///< tokens that stay
  Then then{};      ///< the other order

  bool operator()(const Entry& a, const Entry& b) const {
    const bool a_stays = a.position < count;
    const bool b_stays = b.position < count;
    return a_stays != b_stays ? b_stays : then(a, b);
  }
};

/// One order, and where it holds entries for equal, another.
template <Evict First, Evict Then>
struct InOrder {
  static constexpr PolicyTraits traits =
      detail::traits_of<First> | detail::traits_of<Then>;  ///< of both

  First first{};  ///< decides
  Then then{};    ///< decides the rest

  bool operator()(const Entry& a, const Entry& b) const {
    if (first(a, b)) return true;
    return !first(b, a) && then(a, b);
  }
};

}  // namespace evict

static_assert(Evict<evict::LeastSurprising> && Evict<evict::Random> && Evict<evict::PinFirst<>>);

}  // namespace ttt
