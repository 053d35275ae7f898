// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/entry.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <numeric>
#include <span>
#include <tuple>

namespace ttt {

/// How much a token is worth storing: signal(offer) is a finite number, kept as Entry::signal.
///
/// \law finite  finite for every finite entry
template <class P>
concept Signal = requires(const P& signal, const Offer& offer) {
  { signal(offer) } -> std::same_as<double>;
};

namespace detail {

/// Numbers of a token and of up to `reach` tokens on either side, of those that there are.
[[nodiscard]] inline std::span<const double> neighbours(std::span<const double> numbers,
                                                        std::size_t own, Index reach) {
  const auto far = static_cast<std::size_t>(reach);
  const std::size_t first = own - std::min(own, far);
  return numbers.subspan(first, std::min(numbers.size(), own + far + 1) - first);
}
/// The mean of numbers, of which there is one at least.
[[nodiscard]] inline double mean(std::span<const double> numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), 0.0) / static_cast<double>(numbers.size());
}

}  // namespace detail

/// Signals.
namespace signal {

/// The surprisal of the token.
struct Surprisal {
  /// The signal of an offer.
  double operator()(const Offer& offer) const { return offer.entry.surprisal; }
};

/// The mean surprisal of the token and of up to `reach` tokens on either side.
struct MeanSurprisal {
  Index reach = 4;  ///< tokens; not negative

  /// The signal of an offer.
  double operator()(const Offer& offer) const {
    return detail::mean(detail::neighbours(offer.surprisal, offer.at, reach));
  }
};

/// The mean attention that the token and up to `reach` tokens on either side received from the
/// queries of the chunk that was read last.
///
/// \source Li et al. 2024, "SnapKV: LLM Knows What You are Looking for Before Generation",
///         arXiv:2404.14469, pooled by the average
struct MeanAttention {
  static constexpr PolicyTraits traits{.window_attention = true};  ///< so it is known
  Index reach = 2;                                                 ///< tokens; not negative

  /// The signal of an offer.
  double operator()(const Offer& offer) const {
    return detail::mean(detail::neighbours(offer.attention, offer.at, reach));
  }
};

/// The largest attention that the token or one of up to `reach` tokens on either side received from
/// the queries of the chunk that was read last.
///
/// \source arXiv:2404.14469, pooled by the maximum
struct LargestAttention {
  static constexpr PolicyTraits traits{.window_attention = true};  ///< so it is known
  Index reach = 3;                                                 ///< tokens; not negative

  /// The signal of an offer.
  double operator()(const Offer& offer) const {
    return std::ranges::max(detail::neighbours(offer.attention, offer.at, reach));
  }
};

/// The error when the token's value is read from the tokens that stay in the window.
struct Reconstruction {
  static constexpr PolicyTraits traits{.reconstruction = true};  ///< so it is computed
  /// The signal of an offer.
  double operator()(const Offer& offer) const { return offer.reconstruction; }
};

/// The keep score that the model learned.
struct KeepScore {
  static constexpr PolicyTraits traits{.keep_score = true};  ///< so the model has one
  /// The signal of an offer.
  double operator()(const Offer& offer) const { return offer.entry.keep; }
};

/// The sum of signals.
template <Signal... Parts>
struct Sum {
  static constexpr PolicyTraits traits =
      (PolicyTraits{} | ... | detail::traits_of<Parts>);  ///< of the parts
  std::tuple<Parts...> parts{};                           ///< what is added

  /// The signal of an offer.
  double operator()(const Offer& offer) const {
    return std::apply([&](const auto&... part) { return (0.0 + ... + part(offer)); }, parts);
  }
};

}  // namespace signal

static_assert(Signal<signal::Surprisal> && Signal<signal::MeanSurprisal> &&
              Signal<signal::MeanAttention> && Signal<signal::LargestAttention> &&
              Signal<signal::Reconstruction> && Signal<signal::KeepScore>);

}  // namespace ttt
