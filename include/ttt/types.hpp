// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ttt {

/// A count or a position; signed, so that differences are what they seem.
using Index = std::ptrdiff_t;

/// A symbol of the vocabulary, from 0.
using Token = std::int32_t;

///@{
/// Element `index` of a vector or span.
///
/// \pre 0 <= index < size
template <class Container>
[[nodiscard]] constexpr decltype(auto) at(Container& container, Index index) {
  return container[static_cast<std::size_t>(index)];
}
template <class Container>
[[nodiscard]] constexpr decltype(auto) at(const Container& container, Index index) {
  return container[static_cast<std::size_t>(index)];
}
///@}

}  // namespace ttt
