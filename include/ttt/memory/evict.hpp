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
  /// Whether a is evicted before b.
  bool operator()(const Entry& a, const Entry& b) const { return a.surprisal < b.surprisal; }
};

/// What surprised least for the time that it is stored: by surprisal / (1 + insertions).
///
/// \source arXiv:2603.06642, second version, and its code
struct LeastSurprisingForAge {
  /// Whether a is evicted before b.
  bool operator()(const Entry& a, const Entry& b) const { return priority(a) < priority(b); }

 private:
  static double priority(const Entry& e) {
    return e.surprisal / (1 + static_cast<double>(e.insertions));
  }
};

/// What has the lowest keep score.
struct LowestKeepScore {
  static constexpr PolicyTraits traits{.keep_score = true};  ///< so the model has one
  /// Whether a is evicted before b.
  bool operator()(const Entry& a, const Entry& b) const { return a.keep < b.keep; }
};

/// What has the weakest signal.
struct WeakestSignal {
  /// Whether a is evicted before b.
  bool operator()(const Entry& a, const Entry& b) const { return a.signal < b.signal; }
};

/// What was read first.
struct Oldest {
  /// Whether a is evicted before b.
  bool operator()(const Entry& a, const Entry& b) const { return a.position < b.position; }
};

/// What received least attention of all queries together.
///
/// \source Zhang et al. 2023, "H2O: Heavy-Hitter Oracle for Efficient Generative Inference of Large
///         Language Models", arXiv:2306.14048
struct LeastAttendedInTotal {
  static constexpr PolicyTraits traits{.window_attention = true};  ///< so newcomers have a total
  /// Whether a is evicted before b.
  bool operator()(const Entry& a, const Entry& b) const { return a.attended < b.attended; }
};

/// What received least attention from the query that was read last.
///
/// \source Oren et al. 2024, "Transformers are Multi-State RNNs", arXiv:2401.06104
struct LeastAttendedByLast {
  static constexpr PolicyTraits traits{.window_attention = true};  ///< so newcomers have it too
  /// Whether a is evicted before b.
  bool operator()(const Entry& a, const Entry& b) const {
    return a.attended_last < b.attended_last;
  }
};

/// What has the least weight left, by age times log retention.
///
/// \source Bui et al. 2025, "Cache What Lasts: Token Retention for Memory-Bounded KV Cache in
///         LLMs", arXiv:2512.03324; theirs is an order for each head, ours takes their geometric
///         mean
struct LeastRetained {
  static constexpr PolicyTraits traits{.retention = true};  ///< so the model has retentions
  /// Whether a is evicted before b.
  bool operator()(const Entry& a, const Entry& b) const { return log_weight(a) < log_weight(b); }

 private:
  static double log_weight(const Entry& e) {
    return static_cast<double>(e.age()) * e.log_retention;
  }
};

/// What received least attention for each query that could see it. What was not seen yet stays.
///
/// \source ours, after the total of arXiv:2306.14048
struct LeastAttendedOnAverage {
  /// Whether a is evicted before b.
  bool operator()(const Entry& a, const Entry& b) const { return share(a) < share(b); }

 private:
  static double share(const Entry& e) {
    return e.readers == 0 ? std::numeric_limits<double>::infinity()
                          : e.attended / static_cast<double>(e.readers);
  }
};

/// What was attended to longest ago.
struct LeastRecentlyAttended {
  /// Whether a is evicted before b.
  bool operator()(const Entry& a, const Entry& b) const { return a.attended_at < b.attended_at; }
};

/// A random order, which depends on the position and the seed alone.
struct Random {
  std::uint64_t seed = 1;  ///< of the order

  /// Whether a is evicted before b.
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

  /// Whether a is evicted before b.
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

  /// Whether a is evicted before b.
  bool operator()(const Entry& a, const Entry& b) const {
    if (first(a, b)) return true;
    return !first(b, a) && then(a, b);
  }
};

}  // namespace evict

static_assert(Evict<evict::LeastSurprising> && Evict<evict::Random> && Evict<evict::PinFirst<>>);

}  // namespace ttt
