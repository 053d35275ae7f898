// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/cpu/matrix.hpp>
#include <ttt/model/systems.hpp>

#include <cstddef>
#include <span>

namespace device {

using namespace ttt;

/// The network of TTT-E2E with 125 million parameters, of which a vocabulary of bytes leaves 86.
///
/// \source arXiv:2512.23675, its code
constexpr ModelSpec sized(Index hidden) {
  return checked(
      {.vocab = 256, .width = 768, .heads = 12, .hidden = hidden, .window = 8192, .chunk = 1024});
}
using Learner = TttE2e<sized(1664), 12, 3>;
using Plain = SlidingWindow<sized(2048), 12>;  ///< as large, and nothing of it learns

/// Parameters of the host in the storage M.
template <Storage M, template <class> class T>
T<M> moved(const T<Matrix<float>>& tree) {
  return map_tree<M>(
      [](const Leaf&, const Matrix<float>& array) {
        return Primitives<M>::upload(
            array.rows(), array.cols(),
            std::span(array.data(), static_cast<std::size_t>(array.size())));
      },
      tree);
}

}  // namespace device
