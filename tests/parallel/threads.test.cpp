// SPDX-License-Identifier: Apache-2.0
#include <ttt/parallel/threads.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace ttt;

TEST_SUITE("parallel") {
  TEST_CASE("for_each_index calls its task with every index once") {
    for (const Index threads : {1, 2, 3, 16}) {
      for (const Index count : {0, 1, 2, 7, 1000}) {
        CAPTURE(threads);
        CAPTURE(count);
        std::vector<std::atomic<int>> calls(static_cast<std::size_t>(count));
        for_each_index(threads, count, [&](Index i) { ++calls[static_cast<std::size_t>(i)]; });
        int once = 0;
        for (const auto& n : calls) once += n == 1 ? 1 : 0;
        CHECK(once == count);
      }
    }
  }

  TEST_CASE("for_each_index on one thread stays on the caller's, in order") {
    std::vector<Index> order;
    const auto caller = std::this_thread::get_id();
    bool elsewhere = false;
    for_each_index(1, 5, [&](Index i) {
      order.push_back(i);
      elsewhere = elsewhere || std::this_thread::get_id() != caller;
    });
    CHECK(order == std::vector<Index>{0, 1, 2, 3, 4});
    CHECK_FALSE(elsewhere);
  }

  TEST_CASE("for_each_index uses as many threads as it may") {
    std::atomic<int> arrived{0};
    // Each task waits for the other two, so it ends only if three threads run.
    for_each_index(3, 3, [&](Index) {
      ++arrived;
      while (arrived < 3) std::this_thread::yield();
    });
    CHECK(arrived == 3);
  }

  TEST_CASE("for_each_index throws a task's exception after every other task has ended") {
    for (const Index threads : {1, 4}) {
      CAPTURE(threads);
      std::atomic<int> ended{0};
      const auto task = [&](Index i) {
        if (i == 3) throw std::runtime_error("task 3");
        ++ended;
      };
      CHECK_THROWS_WITH_AS(for_each_index(threads, 100, task), "task 3", std::runtime_error);
      CHECK(ended == 99);
    }
  }

  TEST_CASE("for_each_index throws the first exception where several tasks do") {
    const auto task = [](Index i) { throw std::runtime_error("task " + std::to_string(i)); };
    CHECK_THROWS_WITH_AS(for_each_index(1, 20, task), "task 0", std::runtime_error);
  }

  TEST_CASE("for_each_index calls every task where all throw") {
    std::atomic<int> thrown{0};
    const auto task = [&](Index) {
      ++thrown;
      throw std::runtime_error("task");
    };
    CHECK_THROWS_WITH_AS(for_each_index(4, 20, task), "task", std::runtime_error);
    CHECK(thrown == 20);
  }
}

}  // namespace
