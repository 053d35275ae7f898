// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/model/systems.hpp>

namespace device {

using namespace ttt;

/// The network of TTT-E2E with 125 million parameters, for bytes. \source arXiv:2512.23675, its
/// code
constexpr ModelSpec sized(Index hidden) {
  return checked(
      {.vocab = 256, .width = 768, .heads = 12, .hidden = hidden, .window = 8192, .chunk = 1024});
}
using Learner = TttE2e<sized(1664), 12, 3>;
using Plain = SlidingWindow<sized(2048), 12>;  ///< as many parameters, none of which learns

}  // namespace device
