// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace ttt {

/// A count or a position; signed, as in Eigen.
using Index = std::ptrdiff_t;

/// A symbol of the vocabulary, from 0.
using Token = std::int32_t;

}  // namespace ttt
