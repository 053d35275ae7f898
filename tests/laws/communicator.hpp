// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/parallel/communicator.hpp>
#include <ttt/random.hpp>

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cmath>
#include <span>
#include <thread>
#include <utility>
#include <vector>

/// What every communicator obeys. All ranks call these functions together.
namespace laws {

using namespace ttt;

/// Numbers of a rank whose sum depends on the order in which they are added.
template <class S>
[[nodiscard]] std::vector<S> numbers_of_rank(Index rank, std::size_t count) {
  Random random(100 + static_cast<std::uint64_t>(rank));
  std::vector<S> numbers(count);
  for (S& number : numbers) {
    number = static_cast<S>(random.normal() * std::pow(10.0, 8 * random.uniform()));
  }
  return numbers;
}

/// Sums are added rank by rank, and are the same bits on every rank.
template <class S, Communicator C>
void check_all_reduce_sum(const C& ranks) {
  for (const std::size_t count : {0U, 1U, 2U, 1000U, 100000U}) {
    CAPTURE(count);
    std::vector<S> expected = numbers_of_rank<S>(0, count);
    for (Index rank = 1; rank < ranks.size(); ++rank) {
      const std::vector<S> more = numbers_of_rank<S>(rank, count);
      for (std::size_t n = 0; n < count; ++n) expected[n] += more[n];
    }
    std::vector<S> numbers = numbers_of_rank<S>(ranks.rank(), count);
    ranks.all_reduce_sum(std::span(numbers));
    CHECK(numbers == expected);
  }
}

/// Every rank can be the root.
template <class S, Communicator C>
void check_broadcast(const C& ranks) {
  for (const std::size_t count : {0U, 1U, 1000U, 100000U}) {
    for (Index root = 0; root < ranks.size(); ++root) {
      CAPTURE(count);
      CAPTURE(root);
      std::vector<S> numbers = numbers_of_rank<S>(ranks.rank(), count);
      ranks.broadcast(std::span(numbers), root);
      CHECK(numbers == numbers_of_rank<S>(root, count));
    }
  }
}

/// Messages arrive as they were sent and in that order, whatever their sizes, on their way around
/// all ranks in either direction. Rank 0 sends first, the others once they have received.
template <class S, Communicator C>
void check_messages(const C& ranks) {
  const Index size = ranks.size();
  if (size == 1) return;
  for (const Index step : {Index{1}, size - 1}) {
    const Index next = (ranks.rank() + step) % size;
    const Index before = (ranks.rank() + size - step) % size;
    for (const std::size_t count : {1000U, 0U, 1U, 100000U, 2U}) {
      CAPTURE(count);
      const std::vector<S> sent = numbers_of_rank<S>(ranks.rank(), count);
      std::vector<S> received(count);
      const auto send = [&] { ranks.send(std::span(sent), next); };
      if (ranks.rank() == 0) send();
      ranks.receive(std::span(received), before);
      if (ranks.rank() > 0) send();
      CHECK(received == numbers_of_rank<S>(before, count));
    }
  }
}

/// No rank leaves a barrier before all have come to it.
///
/// \pre the clocks of the ranks agree, as they do on one machine
template <Communicator C>
void check_barrier(const C& ranks) {
  const auto now = [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  };
  for (Index late = 0; late < ranks.size(); ++late) {
    if (ranks.rank() == late) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const double came = now();
    ranks.barrier();
    const double left = now();
    for (Index rank = 0; rank < ranks.size(); ++rank) {
      double others = came;
      ranks.broadcast(std::span(&others, 1), rank);
      CHECK(others <= left);
    }
  }
}

/// There is nobody to talk to outside, and a rank does not talk to itself.
template <Communicator C>
void check_other_ranks(const C& ranks) {
  std::array<double, 1> number{1};
  for (const Index other : {Index{-1}, ranks.size(), ranks.rank()}) {
    CAPTURE(other);
    CHECK_THROWS_AS(ranks.send(std::span<const double>(number), other), RangeError);
    CHECK_THROWS_AS(ranks.receive(std::span<double>(number), other), RangeError);
  }
}

/// All of it.
template <Communicator C>
void check_communicator(const C& ranks) {
  CHECK(ranks.rank() >= 0);
  CHECK(ranks.rank() < ranks.size());
  const auto check = [&]<class S>(S /*zero*/) {
    check_all_reduce_sum<S>(ranks);
    check_broadcast<S>(ranks);
    check_messages<S>(ranks);
  };
  check(0.0F);
  check(0.0);
  check_barrier(ranks);
  check_other_ranks(ranks);
}

}  // namespace laws
