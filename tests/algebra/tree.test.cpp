// SPDX-License-Identifier: Apache-2.0
#include <ttt/algebra/tree.hpp>
#include <ttt/cpu/matrix.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

namespace {

using namespace ttt;

template <class A>
struct Pair {
  A first, second;

  static void visit(auto&& on, auto&... trees) {
    on("first", trees.first...);
    on("second", trees.second...);
  }
};
template <class A>
struct FastPair : Pair<A> {
  static constexpr bool fast = true;
};
template <class A>
struct UndecayedPair : Pair<A> {
  static constexpr bool undecayed = true;
};
template <class A>
struct Whole {
  A lone;
  Pair<A> slow;
  FastPair<A> quick;

  static void visit(auto&& on, auto&... trees) {
    on("lone", trees.lone...);
    on("slow", trees.slow...);
    on("quick", trees.quick...);
  }
};
template <class A>
struct Marked {
  UndecayedPair<A> kept;
  Whole<A> whole;

  static void visit(auto&& on, auto&... trees) {
    on("", trees.kept...);
    on("whole", trees.whole...);
  }
};

struct Note {
  Index position;
  double score;

  static void visit_fields(auto& note, auto&& on) {
    on(note.position);
    on(note.score);
  }
};
template <class A>
struct Noted {
  A array;
  Metadata<Note> notes;

  static void visit(auto&& on, auto&... trees) {
    on("array", trees.array...);
    on("notes", trees.notes...);
  }
};

Whole<int> counted() {
  Whole<int> tree;
  int count = 0;
  for_each_array([&](const Leaf&, int& array) { array = ++count; }, tree);
  return tree;
}

TEST_SUITE("algebra") {
  TEST_CASE("A walk gives dotted names in the order of the members, and says which are fast") {
    const Whole<int> tree = counted();
    std::vector<std::string> names;
    std::vector<int> arrays;
    for_each_array(
        [&](const Leaf& leaf, const int& array) {
          names.push_back((leaf.fast ? "fast " : "") + leaf.name);
          arrays.push_back(array);
        },
        tree);
    CHECK(names == std::vector<std::string>{"lone", "slow.first", "slow.second", "fast quick.first",
                                            "fast quick.second"});
    CHECK(arrays == std::vector<int>{1, 2, 3, 4, 5});
  }

  TEST_CASE("A walk says which arrays are undecayed, of a member without a name too") {
    const Marked<int> tree{};
    std::vector<std::string> names;
    for_each_array(
        [&](const Leaf& leaf, const int&) {
          names.push_back((leaf.undecayed ? "undecayed " : "") + leaf.name);
        },
        tree);
    CHECK(names == std::vector<std::string>{"undecayed first", "undecayed second", "whole.lone",
                                            "whole.slow.first", "whole.slow.second",
                                            "whole.quick.first", "whole.quick.second"});
  }

  TEST_CASE("A walk over several trees passes equal members side by side") {
    const Whole<int> tree = counted();
    Whole<double> half;
    for_each_array([](const Leaf&, const int& a, double& b) { b = a / 2.0; }, tree, half);
    CHECK(half.slow.second == 1.5);
    CHECK(half.quick.second == 2.5);
  }

  TEST_CASE("map_tree makes a tree of the same form") {
    const Whole<int> tree = counted();
    const Whole<std::string> words = map_tree<std::string>(
        [](const Leaf& leaf, int a, int b) { return leaf.name + std::to_string(a * b); }, tree,
        tree);
    CHECK(words.lone == "lone1");
    CHECK(words.quick.first == "quick.first16");
  }

  TEST_CASE("Metadata has a name, is no array, is copied and is a table of numbers") {
    Noted<int> tree{1, {{3, 0.5}, {4, -2}}};
    std::vector<std::string> names;
    for_each_array([&](const Leaf& leaf, const int&) { names.push_back(leaf.name); }, tree);
    for_each_metadata([&](const std::string& name, const AnyMetadata&) { names.push_back(name); },
                      tree);
    CHECK(names == std::vector<std::string>{"array", "notes"});
    auto copy = map_tree<double>([](const Leaf&, int a) { return a / 2.0; }, tree);
    CHECK(copy.notes.table() == std::vector<double>{3, 0.5, 4, -2});
    CHECK(copy.notes.count() == 2);
    CHECK(copy.notes.fields() == 2);
    copy.notes.set_table({7, 0.25});
    CHECK(copy.notes.at(0).position == 7);
    CHECK_THROWS_WITH_AS(copy.notes.set_table({7.5, 0}),
                         "metadata must count in whole numbers, got 7.500000", RangeError);
    CHECK_THROWS_WITH_AS(copy.notes.set_table({7, std::nan("")}), "metadata must be finite",
                         RangeError);
    CHECK(copy.notes.size() == 1);
  }

  TEST_CASE("An array is not a tree") {
    static_assert(Tree<Whole<int>>);
    static_assert(!Tree<int>);
    static_assert(!Tree<Matrix<float>>);
  }
}

}  // namespace
