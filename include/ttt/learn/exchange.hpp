// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/array.hpp>
#include <ttt/parallel/communicator.hpp>

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace ttt {

// Arrays of any storage, from rank to rank. A communicator that takes the arrays themselves is
// given them; to any other their elements go through the memory of the host.

/// Sends an array to one rank.
template <Communicator C, Storage M>
void send_array(const C& ranks, const M& array, Index to) {
  if constexpr (requires { ranks.send(array, to); }) {
    ranks.send(array, to);
  } else {
    const std::vector<typename M::Scalar> elements = Primitives<M>::download(view(array));
    ranks.send(std::span(elements), to);
  }
}

/// The array of [rows, cols] that one rank sends.
template <Storage M, Communicator C>
[[nodiscard]] M receive_array(const C& ranks, Index rows, Index cols, Index from) {
  if constexpr (requires(M & array) { ranks.receive(array, from); }) {
    M array(rows, cols);
    ranks.receive(array, from);
    return array;
  } else {
    std::vector<typename M::Scalar> elements(static_cast<std::size_t>(rows * cols));
    ranks.receive(std::span(elements), from);
    return Primitives<M>::upload(rows, cols, elements);
  }
}

/// Makes every rank's array, of [rows, cols], that of root, which alone need have one before.
template <Communicator C, Storage M>
void broadcast_array(const C& ranks, M& array, Index rows, Index cols, Index root) {
  if constexpr (requires { ranks.broadcast(array, root); }) {
    if (ranks.rank() != root) array = M(rows, cols);
    ranks.broadcast(array, root);
  } else {
    std::vector<typename M::Scalar> elements(static_cast<std::size_t>(rows * cols));
    if (ranks.rank() == root) elements = Primitives<M>::download(view(std::as_const(array)));
    ranks.broadcast(std::span(elements), root);
    if (ranks.rank() != root) array = Primitives<M>::upload(rows, cols, elements);
  }
}

}  // namespace ttt
