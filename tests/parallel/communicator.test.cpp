// SPDX-License-Identifier: Apache-2.0
#include "laws/communicator.hpp"

#include <ttt/parallel/thread_ranks.hpp>

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace ttt;

/// Has every call but a barrier.
struct WithoutBarrier : OneProcess {
  void barrier() const = delete;
};

static_assert(!Communicator<WithoutBarrier>);
static_assert(!Communicator<int>);

TEST_SUITE("parallel") {
  TEST_CASE("a process alone is a communicator of one rank") {
    laws::check_communicator(OneProcess{});
  }

  TEST_CASE("threads are a communicator of as many ranks") {
    for (const Index size : {1, 2, 3, 4}) {
      CAPTURE(size);
      std::atomic<Index> ranks = 0;
      run_ranks(size, [&](const ThreadRank& rank) {
        laws::check_communicator(rank);
        ++ranks;
      });
      CHECK(ranks == size);
    }
  }

  TEST_CASE(
      "parts are contiguous, in the order of the ranks, and cover all; rank 0 has the first") {
    for (const Index size : {1, 2, 3, 4, 7}) {
      for (const std::size_t count : {0U, 1U, 2U, 3U, 5U, 8U, 100U}) {
        CAPTURE(size);
        CAPTURE(count);
        std::vector<int> items(count);
        std::vector<std::span<int>> parts(static_cast<std::size_t>(size));
        run_ranks(size, [&](const ThreadRank& rank) {
          at(parts, rank.rank()) = part_of(rank, std::span(items));
        });
        std::size_t covered = 0;
        for (const std::span<int> part : parts) {
          CHECK(part.data() == items.data() + covered);
          CHECK(part.size() * static_cast<std::size_t>(size) <
                count + static_cast<std::size_t>(size));
          covered += part.size();
        }
        CHECK(covered == count);
        CHECK(parts.front().empty() == items.empty());
      }
    }
  }

  TEST_CASE("a rank that fails ends the waits of the others, and its exception is the one thrown") {
    std::atomic<int> ended = 0;
    const auto body = [&](const ThreadRank& rank) {
      if (rank.rank() == 2) throw std::runtime_error("rank 2");
      try {
        for (;;) rank.barrier();
      } catch (const CommunicatorError&) {
        ++ended;
        throw;
      }
    };
    CHECK_THROWS_WITH_AS(run_ranks(4, body), "rank 2", std::runtime_error);
    CHECK(ended == 3);
  }

  TEST_CASE("a rank that has ended is not waited for, and what it sent still arrives") {
    run_ranks(2, [](const ThreadRank& rank) {
      std::array<double, 1> number{3};
      if (rank.rank() == 1) return rank.send(std::span<const double>(number), 0);
      number[0] = 0;
      rank.receive(std::span<double>(number), 1);
      CHECK(number[0] == 3);
      CHECK_THROWS_WITH_AS(rank.receive(std::span<double>(number), 1),
                           "ThreadRank: rank 0 waits for rank 1, which has ended",
                           CommunicatorError);
    });
  }

  TEST_CASE("a message of another size is refused, with both sizes") {
    const auto body = [](const ThreadRank& rank) {
      std::array<double, 3> numbers{};
      if (rank.rank() == 1) return rank.send(std::span<const double>(numbers).first(2), 0);
      rank.receive(std::span<double>(numbers), 1);
    };
    CHECK_THROWS_WITH_AS(run_ranks(2, body),
                         "ThreadRank.receive: rank 0 expected 24 bytes of rank 1, got 16",
                         CommunicatorError);
  }

  TEST_CASE("a rank that does not exist is refused by its number") {
    const std::array<double, 1> number{};
    CHECK_THROWS_WITH_AS(OneProcess{}.send(std::span<const double>(number), 1),
                         "OneProcess.send: rank must be another one of 0..0, got 1", RangeError);
  }
}

}  // namespace
