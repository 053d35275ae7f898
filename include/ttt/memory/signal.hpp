// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/entry.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>

namespace ttt {

/// How strongly a token asks to be kept: signal(offer) is a finite number, stored as Entry::signal.
///
/// \law finite  finite for every finite entry
template <class P>
concept Signal = requires(const P& signal, const Offer& offer) {
  { signal(offer) } -> std::same_as<double>;
};

/// What a token's wish to be kept can be measured by.
namespace signal {

/// How much the token surprised the model.
struct Surprisal {
  double operator()(const Offer& offer) const { return offer.entry.surprisal; }
};

/// The mean surprisal of the token and of up to `Reach` tokens on either side.
template <Index Reach>
struct MeanSurprisal {
  static_assert(Reach >= 0, "a reach cannot be negative");

  double operator()(const Offer& offer) const {
    const auto at = static_cast<Index>(offer.at);
    const Index first = std::max<Index>(0, at - Reach);
    const Index end = std::min<Index>(std::ssize(offer.surprisal), at + Reach + 1);
    double sum = 0;
    for (Index i = first; i < end; ++i) sum += offer.surprisal[static_cast<std::size_t>(i)];
    return sum / static_cast<double>(end - first);
  }
};

/// How badly the tokens that stay in the window give back the value of this one, asked with its
/// key.
struct Reconstruction {
  static constexpr bool wants_reconstruction = true;  ///< so it is computed
  double operator()(const Offer& offer) const { return offer.reconstruction; }
};

/// The score that the model learned to give to what it will want to read again.
struct KeepScore {
  static constexpr bool wants_keep_score = true;  ///< so the model has one
  double operator()(const Offer& offer) const { return offer.entry.keep; }
};

/// The sum of signals.
template <Signal... Parts>
struct Sum {
  static constexpr bool wants_keep_score =
      (... || detail::wants_keep_score<Parts>);  ///< if a part does
  static constexpr bool wants_reconstruction =
      (... || detail::wants_reconstruction<Parts>);  ///< if a part does
  double operator()(const Offer& offer) const { return (0.0 + ... + Parts{}(offer)); }
};

}  // namespace signal

static_assert(Signal<signal::Surprisal> && Signal<signal::MeanSurprisal<4>> &&
              Signal<signal::Reconstruction> && Signal<signal::KeepScore>);

}  // namespace ttt
