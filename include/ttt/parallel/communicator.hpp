// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>
#include <ttt/types.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace ttt {

namespace detail {

/// Numbers of one type go to other ranks, and come from them.
template <class C, class S>
concept Exchanges = requires(const C& ranks, std::span<S> numbers, std::span<const S> sent) {
  ranks.all_reduce_sum(numbers);
  ranks.broadcast(numbers, Index{0});
  ranks.send(sent, Index{0});
  ranks.receive(numbers, Index{0});
};

}  // namespace detail

/// Ranks that run the same program, each with memory of its own, and the calls in which they meet.
///
///   all_reduce_sum(numbers)   every rank's numbers become the sum over all ranks
///   broadcast(numbers, root)  every rank's numbers become those of root
///   send(numbers, to)         to one rank, which has to receive as many
///   receive(numbers, from)    from one rank, in the order in which it sent
///   barrier()                 returns when every rank has called it
///
/// A model is a handle: its copies are the same rank. Every rank makes the same calls in the same
/// order, but for send and receive, which make a pair. Numbers are float or double.
///
/// \law order  a sum is ((x_0 + x_1) + x_2) + ..., rank by rank, with the same bits on every rank
/// \law lost   a call that waits for a lost rank throws CommunicatorError, and does not hang
template <class C>
concept Communicator = std::copyable<C> && requires(const C& ranks) {
  { ranks.rank() } -> std::same_as<Index>;
  { ranks.size() } -> std::same_as<Index>;
  ranks.barrier();
} && detail::Exchanges<C, float> && detail::Exchanges<C, double>;

namespace detail {

/// Throws RangeError unless there is such a rank besides this one.
template <class C>
void expect_other_rank(const char* call, const C& ranks, Index other) {
  if (other >= 0 && other < ranks.size() && other != ranks.rank()) return;
  throw RangeError(std::string(call) + ": rank must be another one of 0.." +
                   std::to_string(ranks.size() - 1) + ", got " + std::to_string(other));
}

}  // namespace detail

/// The one rank of a program that runs alone. There is no other: sums and broadcasts leave numbers
/// as they are.
struct OneProcess {
  [[nodiscard]] static constexpr Index rank() { return 0; }  ///< of this rank, from 0
  [[nodiscard]] static constexpr Index size() { return 1; }  ///< ranks

  ///@{
  /// See Communicator.
  ///
  /// \throws RangeError from send and receive.
  template <std::floating_point S>
  void all_reduce_sum(std::span<S> /*numbers*/) const {}
  template <std::floating_point S>
  void broadcast(std::span<S> /*numbers*/, Index /*root*/) const {}
  template <std::floating_point S>
  void send(std::span<const S> /*numbers*/, Index to) const {
    detail::expect_other_rank("OneProcess.send", *this, to);
  }
  template <std::floating_point S>
  void receive(std::span<S> /*numbers*/, Index from) const {
    detail::expect_other_rank("OneProcess.receive", *this, from);
  }
  void barrier() const {}
  ///@}
};

/// The part of `items` that is a rank's: parts are contiguous, in the order of the ranks, and of
/// nearly one size. Rank 0 has an item if any rank has one.
template <Communicator C, class T>
[[nodiscard]] std::span<T> part_of(const C& ranks, std::span<T> items) {
  const auto size = static_cast<std::size_t>(ranks.size());
  const auto begin = [&](Index rank) {
    return (items.size() * static_cast<std::size_t>(rank) + size - 1) / size;
  };
  const std::size_t first = begin(ranks.rank());
  return items.subspan(first, begin(ranks.rank() + 1) - first);
}

namespace detail {

/// all_reduce_sum by the other calls: the sum goes along the ranks, and from the last to all.
template <class C, std::floating_point S>
void sum_rank_by_rank(const C& ranks, std::span<S> numbers) {
  const Index last = ranks.size() - 1;
  if (ranks.rank() > 0) {
    std::vector<S> before(numbers.size());
    ranks.receive(std::span<S>(before), ranks.rank() - 1);
    std::ranges::transform(before, numbers, numbers.begin(),
                           [](S sum, S own) { return sum + own; });
  }
  if (ranks.rank() < last) ranks.send(std::span<const S>(numbers), ranks.rank() + 1);
  ranks.broadcast(numbers, last);
}

}  // namespace detail

static_assert(Communicator<OneProcess>);

}  // namespace ttt
