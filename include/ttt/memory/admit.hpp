// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/entry.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <span>

namespace ttt {

/// Admission: admit(offered, n) says whether offered[n], of the tokens that leave the window
/// together, may compete for a slot.
///
/// \law pure  the answer does not depend on earlier ones, nor on attention to the offered
template <class P>
concept Admit = requires(const P& admit, std::span<const Entry> offered, std::size_t n) {
  { admit(offered, n) } -> std::same_as<bool>;
};

/// Admission policies.
namespace admit {

/// Every token: what ranks above the weakest entry is stored.
struct All {
  bool operator()(std::span<const Entry> /*offered*/, std::size_t /*n*/) const { return true; }
};

/// No token: a window without a cache, whatever else is chosen.
struct None {
  bool operator()(std::span<const Entry> /*offered*/, std::size_t /*n*/) const { return false; }
};

/// Tokens whose signal is at least a threshold.
struct AtLeast {
  double threshold = 0;  ///< in the unit of the signal

  bool operator()(std::span<const Entry> offered, std::size_t n) const {
    return offered[n].signal >= threshold;
  }
};

/// What another policy admits, and up to `reach` tokens on either side, among those that are
/// offered together.
template <Admit First>
struct WithNeighbours {
  static constexpr PolicyTraits traits = detail::traits_of<First>;  ///< of the other policy

  Index reach = 1;  ///< tokens
  First first{};    ///< the other policy

  bool operator()(std::span<const Entry> offered, std::size_t n) const {
    const auto far = static_cast<std::size_t>(reach);
    const std::size_t begin = n - std::min(n, far);
    const std::size_t end = std::min(offered.size(), n + far + 1);
    for (std::size_t i = begin; i < end; ++i) {
      if (first(offered, i)) return true;
    }
    return false;
  }
};

}  // namespace admit

static_assert(Admit<admit::All> && Admit<admit::WithNeighbours<admit::AtLeast>>);

}  // namespace ttt
