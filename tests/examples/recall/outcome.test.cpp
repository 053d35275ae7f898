// SPDX-License-Identifier: Apache-2.0
#include "recall/outcome.hpp"

#include <ttt/cpu/matrix.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

namespace {

using namespace ttt;

/// Says one text whatever it has read, and gives as much attention to what it keeps as it is told.
struct Parrot {
  template <class A>
  struct Memory {
    Metadata<Entry> first;
    Metadata<Entry> second;

    static void visit(auto&& on, auto&... trees) {
      on("first", trees.first...);
      on("second", trees.second...);
    }
  };
  struct State {
    Memory<Matrix<float>> memory;
  };

  std::string says;
  State kept;
  double attention = 0;  // of each query, to each entry of the first cache
  Index read = 100;

  [[nodiscard]] const State& state() const { return kept; }
  [[nodiscard]] Index position() const { return read; }
  [[nodiscard]] Index bytes() const { return 4321; }
  template <class Choose>
  std::vector<Token> generate(Index count, Choose&&) {
    for (Entry& entry : kept.memory.first) entry.attended += attention * static_cast<double>(count);
    return data::bytes(says.substr(0, static_cast<std::size_t>(count)));
  }
};

Metadata<Entry> entries(std::vector<Index> positions) {
  Metadata<Entry> all;
  for (const Index position : positions) all.push_back({.position = position});
  return all;
}

TEST_SUITE("examples/recall") {
  const recall::Secret secret{.key = "calm-anchor", .value = "1234567"};

  TEST_CASE("recall compares byte by byte") {
    const auto right = recall::ask(Parrot{.says = "1234567", .kept = {}}, secret, 10, 8);
    CHECK(right.exact);
    CHECK(right.right == 7);
    CHECK(right.memory_bytes == 4321);
    const auto wrong = recall::ask(Parrot{.says = "1230567", .kept = {}}, secret, 10, 8);
    CHECK_FALSE(wrong.exact);
    CHECK(wrong.right == 6);
    CHECK(wrong.answer == "1230567");
  }

  TEST_CASE("recall tells what is stored, on average over the caches, and what is looked at") {
    Parrot parrot{.says = "0000000", .kept = {}, .attention = 0.1};
    parrot.kept.memory.first = entries({3, 10, 11, 12, 13, 14, 15, 16, 17});  // all seven, and two
    parrot.kept.memory.second = entries({4, 12});                             // one of them
    const auto recall = recall::ask(parrot, secret, 10, 8);
    CHECK(recall.contained == doctest::Approx((7.0 / 7 + 1.0 / 7) / 2));
    CHECK(recall.addressed == doctest::Approx(0.7));
  }

  TEST_CASE("what is still in the window counts as stored; what is in no cache is not looked at") {
    const auto recall = recall::ask(Parrot{.says = "0000000", .kept = {}}, secret, 90, 16);
    CHECK(recall.contained == 1);
    CHECK(std::isnan(recall.addressed));
    const auto half = recall::ask(Parrot{.says = "0000000", .kept = {}}, secret, 90, 6);
    CHECK(half.contained == doctest::Approx(2.0 / 7));  // bytes 95 and 96, of queries from 100 on
  }

  TEST_CASE("a byte of the value counts once, be it in the window, in a cache, or in both") {
    Parrot parrot{.says = "0000000", .kept = {}};
    parrot.kept.memory.first = entries({90, 91, 94, 95, 96});  // the last two are in the window
    const auto recall = recall::ask(parrot, secret, 90, 6);
    CHECK(recall.contained == doctest::Approx((3.0 / 2 + 2) / 7));  // the second keeps none
  }
}

}  // namespace
