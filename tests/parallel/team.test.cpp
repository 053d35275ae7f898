// SPDX-License-Identifier: Apache-2.0
#include <ttt/cpu/matrix.hpp>
#include <ttt/parallel/team.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>
#include <system_error>
#include <vector>

#ifdef __linux__
#include <fstream>
#include <sys/resource.h>
#include <unistd.h>
#endif

#include "laws/numbers.hpp"

TEST_SUITE("parallel") {
  using namespace ttt;

  TEST_CASE("every part of a team's task runs once, round after round") {
    Team team(4);
    std::vector<int> runs(4, 0);
    for (int round = 0; round < 1000; ++round) {
      team.run([&](Index part) { ++at(runs, part); });
    }
    for (const int count : runs) CHECK(count == 1000);
  }

  TEST_CASE("a team that is at work does not wait for itself") {
    Team team(2);
    std::atomic<int> inner = 0;
    team.run([&](Index /*part*/) { team.run([&](Index /*part*/) { ++inner; }); });
    CHECK(inner == 4);
  }

  TEST_CASE("what a part throws reaches the caller after all have ended, and the team goes on") {
    Team team(3);
    std::atomic<int> ended = 0;
    const auto fail = [&](Index part) {
      ++ended;
      if (part == 2) throw std::runtime_error("part 2");
    };
    CHECK_THROWS_WITH(team.run(fail), "part 2");
    CHECK(ended == 3);
    team.run([&](Index /*part*/) { ++ended; });
    CHECK(ended == 6);
  }

#ifdef __linux__
  TEST_CASE("a team whose threads the system does not start is refused, and its others end") {
    rlim_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const rlim_t size = pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE));
    if (size > rlim_t{1} << 40) return;  // a sanitizer's, which takes addresses as it likes
    rlimit before{};
    REQUIRE(getrlimit(RLIMIT_AS, &before) == 0);
    rlimit low = before;
    low.rlim_cur = size + (rlim_t{256} << 20);
    REQUIRE(setrlimit(RLIMIT_AS, &low) == 0);
    CHECK_THROWS_AS(Team(1024), std::system_error);
    setrlimit(RLIMIT_AS, &before);
  }
#endif

  TEST_CASE("ranges are disjoint, cover all, and begin at multiples of the grain") {
    Team team(3);
    const Team::Scope scope(&team);
    for (const Index count : {0, 1, 47, 48, 49, 200, 1000}) {
      std::vector<int> seen(static_cast<std::size_t>(count), 0);
      for_each_range(count, 16, 16, [&](Index first, Index end) {
        CHECK_MESSAGE(first % 16 == 0, first);
        for (Index i = first; i < end; ++i) ++at(seen, i);
      });
      for (const int times : seen) CHECK(times == 1);
    }
  }

  TEST_CASE_TEMPLATE("a product has the same bits on any number of threads", S, float, double) {
    Random random(3);
    for (const Index rows : {2, 31, 64, 129}) {
      for (const Index cols : {2, 48, 100, 257, 448}) {
        for (const Index depth : {1, 64, 320}) {
          for (const Flip flip : {Flip::none, Flip::left, Flip::right}) {
            const auto a = flip == Flip::left ? laws::normal<S>(depth, rows, random)
                                              : laws::normal<S>(rows, depth, random);
            const auto b = flip == Flip::right ? laws::normal<S>(cols, depth, random)
                                               : laws::normal<S>(depth, cols, random);
            Matrix<S> one(rows, cols);
            cpu::gemm(view(one), view(a), view(b), flip, false);
            for (const Index threads : {2, 3, 5}) {
              Team team(threads);
              const Team::Scope scope(&team);
              Matrix<S> many(rows, cols);
              cpu::gemm(view(many), view(a), view(b), flip, false);
              CAPTURE(rows);
              CAPTURE(cols);
              CAPTURE(depth);
              CAPTURE(threads);
              CHECK(many == one);
            }
          }
        }
      }
    }
  }
}
