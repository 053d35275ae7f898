// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/entry.hpp>

#include <algorithm>
#include <concepts>
#include <tuple>

namespace ttt {

/// How much a token is worth storing: signal(offer) is a finite number, kept as Entry::signal.
///
/// \law finite  finite for every finite entry
template <class P>
concept Signal = requires(const P& signal, const Offer& offer) {
  { signal(offer) } -> std::same_as<double>;
};

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
    const auto own = static_cast<Index>(offer.at);
    const Index first = std::max<Index>(0, own - reach);
    const Index end = std::min<Index>(std::ssize(offer.surprisal), own + reach + 1);
    double sum = 0;
    for (Index i = first; i < end; ++i) sum += at(offer.surprisal, i);
    return sum / static_cast<double>(end - first);
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
              Signal<signal::Reconstruction> && Signal<signal::KeepScore>);

}  // namespace ttt
