// SPDX-License-Identifier: Apache-2.0
#include <ttt/file/foreign.hpp>
#include <ttt/spec/init.hpp>

#include <doctest/doctest.h>

#include <array>
#include <numeric>
#include <string>
#include <vector>

namespace {

using namespace ttt;
using file::Archive;
using file::ForeignName;
using file::ForeignTensor;
using file::Layout;
using M = Matrix<double>;

/// The elements 0, 1, 2, ... in any shape.
Archive counting(const std::string& name, const std::vector<Index>& shape) {
  Index size = 1;
  for (const Index extent : shape) size *= extent;
  M elements(1, size);
  std::iota(elements.data(), elements.data() + size, 0);
  Archive archive("theirs");
  archive.set(name, elements, {.shape = shape});
  return archive;
}

/// Elements row by row as a matrix of that many columns.
M matrix(const std::vector<double>& elements, Index cols) {
  return Eigen::Map<const M>(elements.data(), std::ssize(elements) / cols, cols);
}

/// What 0, 1, 2, ... become.
M read(const std::vector<Index>& shape, const ForeignTensor& tensor) {
  return file::foreign_array<M>(counting(tensor.theirs, shape), tensor);
}

template <class A>
struct Tree {
  A first, second, third;

  static void visit(auto&& on, auto&... trees) {
    on("blocks.0.w", trees.first...);
    on("blocks.1.w", trees.second...);
    on("bias", trees.third...);
  }
};
constexpr std::array table{ForeignName{"blocks.*.w", "layers.*.weight", Layout::transposed},
                           ForeignName{"bias", "b", Layout::same}};
constexpr std::array stacked{ForeignName{"blocks.*.w", "layers.weight", Layout::blocks},
                             ForeignName{"bias", "b", Layout::same}};
const Tree<TensorSpec> shapes{{2, 3}, {2, 3}, {1, 4}};

TEST_SUITE("file") {
  TEST_CASE("Each layout puts the elements of another implementation where ours are") {
    CHECK(read({6}, {.theirs = "t", .layout = Layout::same, .rows = 2, .cols = 3}) ==
          matrix({0, 1, 2, 3, 4, 5}, 3));
    CHECK(read({3, 2}, {.theirs = "t", .layout = Layout::transposed, .rows = 2, .cols = 3}) ==
          matrix({0, 2, 4, 1, 3, 5}, 3));
    CHECK(read({3, 1, 2}, {.theirs = "t", .layout = Layout::transposed, .rows = 2, .cols = 3}) ==
          matrix({0, 2, 4, 1, 3, 5}, 3));
    CHECK(read({3, 1, 2}, {.theirs = "t", .layout = Layout::taps, .rows = 2, .cols = 3}) ==
          matrix({1, 3, 5, 0, 2, 4}, 3));
    CHECK(read({2, 3, 2}, {.theirs = "t", .layout = Layout::stack, .rows = 3, .cols = 4}) ==
          matrix({0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11}, 4));
    CHECK(read({2, 2, 3}, {.theirs = "t",
                           .layout = Layout::blocks,
                           .rows = 2,
                           .cols = 3,
                           .part = 1,
                           .parts = 2}) == matrix({6, 7, 8, 9, 10, 11}, 3));
    CHECK(read({2, 3}, {.theirs = "t",
                        .layout = Layout::blocks,
                        .rows = 1,
                        .cols = 3,
                        .part = 1,
                        .parts = 2}) == matrix({3, 4, 5}, 3));
  }

  TEST_CASE("A tensor whose extents are not those of the layout is refused") {
    const auto refused = [](const std::vector<Index>& shape, const ForeignTensor& tensor,
                            const std::string& words) {
      CHECK_THROWS_WITH_AS(static_cast<void>(read(shape, tensor)),
                           ("read: theirs: tensor \"t\" must be " + words).c_str(), FormatError);
    };
    refused({5}, {.theirs = "t", .rows = 2, .cols = 3}, "[2, 3] in the layout same, got [5]");
    refused({2, 3}, {.theirs = "t", .layout = Layout::transposed, .rows = 2, .cols = 3},
            "[2, 3] in the layout transposed, got [2, 3]");
    refused({2, 1, 3}, {.theirs = "t", .layout = Layout::taps, .rows = 2, .cols = 3},
            "[2, 3] in the layout taps, got [2, 1, 3]");
    refused({2, 2, 3}, {.theirs = "t", .layout = Layout::stack, .rows = 3, .cols = 4},
            "[3, 4] in the layout stack, got [2, 2, 3]");
    refused({3, 4}, {.theirs = "t", .layout = Layout::stack, .rows = 3, .cols = 4},
            "[3, 4] in the layout stack, got [3, 4]");
    refused({2, 3, 2}, {.theirs = "t", .layout = Layout::blocks, .rows = 2, .cols = 3, .parts = 2},
            "[2, 3] in the layout blocks, got [2, 3, 2]");
    refused({2, 2, 3},  // more blocks than the model has, and fewer
            {.theirs = "t", .layout = Layout::blocks, .rows = 2, .cols = 3, .parts = 1},
            "[2, 3] in the layout blocks, got [2, 2, 3]");
    refused({2, 2, 3}, {.theirs = "t", .layout = Layout::blocks, .rows = 2, .cols = 3, .parts = 3},
            "[2, 3] in the layout blocks, got [2, 2, 3]");
    CHECK_THROWS_WITH_AS(static_cast<void>(file::foreign_array<M>(
                             counting("t", {1}), {.theirs = "u", .rows = 1, .cols = 1})),
                         "read: theirs: tensor \"u\" is missing", FormatError);
  }

  TEST_CASE("A tensor of any rank is read in the memory of its elements") {
    std::vector<Index> shape(100'000, 1);
    shape.back() = 6;
    CHECK(read(shape, {.theirs = "t", .layout = Layout::same, .rows = 2, .cols = 3}) ==
          matrix({0, 1, 2, 3, 4, 5}, 3));
  }

  TEST_CASE("A table says where each tensor of a tree is, by block or in a stack of blocks") {
    const auto tensors = file::foreign_tensors(table, "model.", shapes);
    REQUIRE(tensors.size() == 3);
    CHECK(tensors[1].ours == "blocks.1.w");
    CHECK(tensors[1].theirs == "model.layers.1.weight");
    CHECK(tensors[1].layout == Layout::transposed);
    CHECK(tensors[2].theirs == "model.b");

    const auto parts = file::foreign_tensors(stacked, "", shapes);
    CHECK(parts[0].theirs == "layers.weight");
    CHECK(parts[0].part == 0);
    CHECK(parts[1].theirs == "layers.weight");
    CHECK(parts[1].part == 1);
    CHECK(parts[0].parts == 2);
    CHECK(parts[1].parts == 2);

    const Tree<TensorSpec> less{{2, 3}, {}, {}};
    CHECK(file::foreign_tensors(table, "", less).size() == 1);
    CHECK_THROWS_WITH_AS(
        static_cast<void>(file::foreign_tensors(std::span(table).first(1), "", shapes)),
        "foreign_tensors: the table of names must have \"bias\"", FormatError);
  }

  TEST_CASE("A tree is read from the names of a table") {
    Archive archive = counting("layers.weight", {2, 2, 3});
    archive.merge(counting("b", {4}));
    const auto tree = file::foreign_tree<M>(archive, stacked, "", shapes);
    CHECK(tree.first == matrix({0, 1, 2, 3, 4, 5}, 3));
    CHECK(tree.second == matrix({6, 7, 8, 9, 10, 11}, 3));
    CHECK(tree.third == matrix({0, 1, 2, 3}, 4));
  }

  TEST_CASE("Every tensor that is missing, of another shape or left over is named at once") {
    const auto tensors = file::foreign_tensors(table, "", shapes);
    Archive archive = counting("layers.1.weight", {2, 3});
    archive.merge(counting("b", {2, 2}));
    archive.merge(counting("c", {1}));
    archive.merge(counting("rotary.inv_freq", {2}));
    CHECK_THROWS_WITH_AS(file::expect_foreign(archive, tensors),
                         "read: theirs: tensors missing \"layers.0.weight\"; of another shape "
                         "\"layers.1.weight\" [2, 3] as [2, 3] transposed; left over \"c\", "
                         "\"rotary.inv_freq\"",
                         FormatError);
    Archive whole = counting("layers.1.weight", {3, 2});
    whole.merge(counting("layers.0.weight", {3, 2}));
    whole.merge(counting("b", {4}));
    whole.merge(counting("rotary.inv_freq", {2}));
    const std::vector<std::string> ignored{"inv_freq"};
    CHECK_NOTHROW(file::expect_foreign(whole, tensors, ignored));
    CHECK_THROWS_AS(file::expect_foreign(whole, tensors), FormatError);
  }
}

}  // namespace
