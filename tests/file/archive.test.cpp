// SPDX-License-Identifier: Apache-2.0
#include <ttt/file/archive.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace {

using namespace ttt;
using namespace ttt::file;

Matrix<float> counted(Index rows, Index cols) {
  Matrix<float> matrix(rows, cols);
  for (Index i = 0; i < matrix.size(); ++i) matrix.data()[i] = static_cast<float>(i);
  return matrix;
}

TEST_SUITE("file") {
  TEST_CASE_TEMPLATE("a matrix comes back bit for bit", S, float, double) {
    Matrix<S> matrix(2, 3);
    matrix << S(0.1), S(-0.0), std::numeric_limits<S>::infinity(),  //
        std::numeric_limits<S>::denorm_min(), S(1) / S(3), S(1e30);
    Archive archive;
    archive.set("w", matrix);
    CHECK(archive.matrix<S>("w", {2, 3}) == matrix);
    CHECK(std::signbit(archive.matrix<S>("w")(0, 1)));
    CHECK(archive.view("w").dtype() == dtype_of<S>);
  }

  TEST_CASE("an expression is stored row by row") {
    Archive archive;
    archive.set("w", counted(2, 3).transpose());
    Matrix<float> expected(3, 2);
    expected << 0, 3, 1, 4, 2, 5;
    CHECK(archive.matrix<float>("w", {3, 2}) == expected);
  }

  TEST_CASE("a matrix stored as bf16 comes back rounded") {
    Archive archive;
    Matrix<float> matrix(1, 3);
    matrix << 1.0F, 1.0F + 0x1p-8F, 1.0F + 3 * 0x1p-8F;
    archive.set("w", matrix, {.dtype = DType::bf16});
    Matrix<float> expected(1, 3);
    expected << 1.0F, 1.0F, 1.0F + 0x1p-6F;
    CHECK(archive.view("w").bytes().size() == 6);
    CHECK(archive.matrix<float>("w") == expected);
    CHECK(archive.matrix<double>("w") == expected.cast<double>());
  }

  TEST_CASE("a matrix is read in the precision that is asked for") {
    Archive archive;
    Matrix<double> matrix(1, 2);
    matrix << 0.1, 1.0 / 3.0;
    for (const DType dtype : {DType::f64, DType::f32, DType::bf16, DType::f16}) {
      archive.set("w", matrix, {.dtype = dtype});
      CAPTURE(describe(dtype).name);
      CHECK(archive.matrix<double>("w").isApprox(matrix, 4e-3));
      CHECK(archive.matrix<float>("w") == archive.matrix<double>("w").cast<float>());
    }
  }

  TEST_CASE("a vector is one row and a scalar one number") {
    Archive archive;
    archive.set("bias", counted(1, 4), {.shape = {4}});
    CHECK(archive.view("bias").shape().size() == 1);
    CHECK(archive.matrix<float>("bias", {1, 4}) == counted(1, 4));
    archive.set("rate", Tensor{.dtype = DType::f32, .shape = {}, .bytes = {4, std::byte{}}});
    CHECK(archive.matrix<float>("rate", {1, 1})(0, 0) == 0.0F);
  }

  TEST_CASE("a stack gives its matrices one by one") {
    Archive archive;
    archive.set("w", counted(6, 2), {.shape = {3, 2, 2}});
    const TensorView stack = archive.view("w");
    for (Index i = 0; i < 3; ++i) {
      CHECK(stack.slice(i).matrix<float>({2, 2}) == counted(6, 2).middleRows(2 * i, 2));
      CHECK(stack.slice(i).slice(1).matrix<float>({1, 2}) == counted(6, 2).row(2 * i + 1));
    }
  }

  TEST_CASE("a slice that is not there is refused") {
    Archive archive("model.safetensors");
    archive.set("w", counted(6, 2), {.shape = {3, 2, 2}});
    archive.set("step", 7);
    CHECK_THROWS_WITH_AS(
        static_cast<void>(archive.view("w").slice(3)),
        R"(read: model.safetensors: tensor "w" must have a slice 3, got F32 [3, 2, 2])",
        FormatError);
    CHECK_THROWS_WITH_AS(
        static_cast<void>(archive.view("w").slice(1).slice(-1)),
        R"(read: model.safetensors: tensor "w" slice 1 must have a slice -1, got F32 [2, 2])",
        FormatError);
    CHECK_THROWS_WITH_AS(
        static_cast<void>(archive.view("step").slice(0)),
        R"(read: model.safetensors: tensor "step" must have a slice 0, got I64 [])", FormatError);
  }

  TEST_CASE("a tensor that is not what was wanted is refused with both in words") {
    Archive archive("model.safetensors");
    archive.set("w", counted(8, 4));
    archive.set("stack", counted(8, 4), {.shape = {2, 4, 4}});
    archive.set("tokens", std::vector<std::int64_t>{1, 2, 3});
    const std::string where = "read: model.safetensors: tensor ";
    CHECK_THROWS_WITH_AS(static_cast<void>(archive.matrix<float>("w", {4, 8})),
                         (where + R"("w" must be real [4, 8], got F32 [8, 4])").c_str(),
                         FormatError);
    CHECK_THROWS_WITH_AS(static_cast<void>(archive.matrix<float>("w", {any_extent, 8})),
                         (where + R"("w" must be real [*, 8], got F32 [8, 4])").c_str(),
                         FormatError);
    CHECK_THROWS_WITH_AS(static_cast<void>(archive.matrix<float>("stack", {any_extent, 4})),
                         (where + R"("stack" must be real [*, 4], got F32 [2, 4, 4])").c_str(),
                         FormatError);
    CHECK_THROWS_WITH_AS(static_cast<void>(archive.matrix<float>("tokens", {1, 3})),
                         (where + R"("tokens" must be real [1, 3], got I64 [3])").c_str(),
                         FormatError);
    CHECK_THROWS_WITH_AS(static_cast<void>(archive.integers("w")),
                         (where + R"("w" must hold integers, got F32 [8, 4])").c_str(),
                         FormatError);
    CHECK_THROWS_WITH_AS(static_cast<void>(archive.integers("tokens", 4)),
                         (where + R"("tokens" must hold 4 integers, got I64 [3])").c_str(),
                         FormatError);
    CHECK_THROWS_WITH_AS(static_cast<void>(archive.integer("tokens")),
                         (where + R"("tokens" must hold 1 integers, got I64 [3])").c_str(),
                         FormatError);
    CHECK_THROWS_WITH_AS(static_cast<void>(archive.matrix<float>("b")),
                         (where + R"("b" is missing)").c_str(), FormatError);
    CHECK_THROWS_WITH_AS(static_cast<void>(archive.text("spec")),
                         R"(read: model.safetensors: metadata "spec" is missing)", FormatError);
  }

  TEST_CASE("integers of every width come back") {
    const std::vector<std::int64_t> extremes{std::numeric_limits<std::int64_t>::min(), -1, 0,
                                             std::numeric_limits<std::int64_t>::max()};
    Archive archive;
    archive.set("tokens", extremes);
    archive.set("step", -7);
    CHECK(archive.integers("tokens", 4) == extremes);
    CHECK(archive.integer("step") == -7);
    const std::vector<std::byte> ones(8, std::byte{0xff});
    const auto first = [&](DType dtype) {
      const auto count = static_cast<Index>(ones.size()) / describe(dtype).bytes;
      archive.set("ones", Tensor{.dtype = dtype, .shape = {count}, .bytes = ones});
      return archive.integers("ones", count).at(0);
    };
    CHECK(first(DType::i64) == -1);
    CHECK(first(DType::i32) == -1);
    CHECK(first(DType::i16) == -1);
    CHECK(first(DType::i8) == -1);
    CHECK(first(DType::u32) == 4294967295);
    CHECK(first(DType::u16) == 65535);
    CHECK(first(DType::u8) == 255);
    CHECK(first(DType::boolean) == 255);
    CHECK_THROWS_WITH_AS(
        static_cast<void>(first(DType::u64)),
        R"(read: archive: tensor "ones" must fit in 64 bits with a sign, got U64 [1])",
        FormatError);
  }

  TEST_CASE("missing and unexpected tensors are named together") {
    Archive archive("model.safetensors");
    archive.set("a", 1);
    archive.set("b", 2);
    archive.set("c", 3);
    CHECK_NOTHROW(archive.expect_names({"c", "a", "b"}));
    CHECK_THROWS_WITH_AS(archive.expect_names({"d", "b", "e"}),
                         "read: model.safetensors: missing tensors \"d\", \"e\"; unexpected "
                         "tensors \"a\", \"c\"",
                         FormatError);
    CHECK_THROWS_WITH_AS(archive.expect_names({"a", "b"}),
                         R"(read: model.safetensors: unexpected tensors "c")", FormatError);
    CHECK_THROWS_WITH_AS(archive.expect_names({"a", "b", "c", "d"}),
                         R"(read: model.safetensors: missing tensors "d")", FormatError);
  }

  TEST_CASE("what no file could hold is refused and nothing is stored") {
    Archive archive;
    CHECK_THROWS_WITH_AS(archive.set("__metadata__", 1),
                         "Archive.set: the name __metadata__ is reserved", RangeError);
    CHECK_THROWS_WITH_AS(archive.set("\xff", 1), "Archive.set: the name is not UTF-8", RangeError);
    CHECK_THROWS_WITH_AS(archive.set("w", counted(2, 2), {.dtype = DType::i64}),
                         R"(Archive.set: tensor "w" is real, not I64)", RangeError);
    CHECK_THROWS_WITH_AS(archive.set("w", counted(2, 2), {.shape = {5}}),
                         R"(Archive.set: tensor "w" must be F32 [5], got 16 bytes)", ShapeError);
    CHECK_THROWS_WITH_AS(archive.set("w", counted(2, 2), {.shape = {-2, -2}}),
                         R"(Archive.set: tensor "w" must be F32 [-2, -2], got 16 bytes)",
                         ShapeError);
    CHECK(archive == Archive());
  }

  TEST_CASE("a tensor takes the place of the one of its name") {
    Archive archive;
    archive.set("w", counted(2, 2));
    archive.set("w", 3);
    CHECK(archive.tensors().size() == 1);
    CHECK(archive.integer("w") == 3);
  }

  TEST_CASE("archives are merged, if no tensor is in both") {
    const auto with = [](const std::string& name, const std::string& text) {
      Archive archive("file of " + name);
      archive.set(name, counted(2, 2));
      archive.metadata = {{"of", text}, {text, name}};
      return archive;
    };
    Archive archive = with("a", "one");
    archive.merge(with("b", "two"));
    CHECK(archive.matrix<float>("a") == archive.matrix<float>("b"));
    CHECK(archive.metadata ==
          Archive::Named<std::string>{{"of", "one"}, {"one", "a"}, {"two", "b"}});
    Archive other = with("c", "three");
    other.merge(with("a", "four"));
    const Archive before = archive;
    CHECK_THROWS_WITH_AS(
        archive.merge(other),
        R"(Archive.merge: tensor "a" must be in one of file of a and file of c, and is in both)",
        FormatError);
    CHECK(archive == before);
  }
}

}  // namespace
