// SPDX-License-Identifier: Apache-2.0
#include <ttt/file/safetensors.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <file/files.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace ttt;
using namespace ttt::file;
using namespace std::string_literals;

Archive small() {
  Archive archive;
  archive.metadata["spec"] = "{\"width\": 4}";
  archive.metadata["note"] = "caf\xc3\xa9 \"\n";
  archive.set("w", Matrix<float>::Identity(3, 4));
  archive.set("half", Matrix<float>::Identity(1, 3), {.dtype = DType::bf16, .shape = {3}});
  archive.set("empty", Matrix<float>(0, 4));
  archive.set("tokens", std::vector<std::int64_t>{5, -6});
  archive.set("step", 7);
  archive.set("", Tensor{.dtype = DType::u8, .shape = {1}, .bytes = {std::byte{9}}});
  return archive;
}

std::vector<std::byte> from_hex(std::string_view digits) {
  std::vector<std::byte> bytes;
  for (; !digits.empty(); digits.remove_prefix(2)) {
    bytes.push_back(
        static_cast<std::byte>(std::stoi(std::string(digits.substr(0, 2)), nullptr, 16)));
  }
  return bytes;
}

/// A header and the message that it deserves, after "read: archive: ".
struct Refusal {
  std::string header;
  std::string message;
  std::size_t data_size = 0;
};

void check_refused(const Refusal& refusal) {
  CAPTURE(refusal.header);
  CHECK_THROWS_WITH_AS(static_cast<void>(parse(file_with(refusal.header, refusal.data_size))),
                       ("read: archive: " + refusal.message).c_str(), FormatError);
}

TEST_SUITE("file") {
  TEST_CASE("an archive comes back from its bytes") {
    CHECK(parse(serialise(small())) == small());
    CHECK(parse(serialise(Archive())) == Archive());
  }

  TEST_CASE("an archive comes back from its file") {
    const Folder folder;
    write(folder / "model.safetensors", small());
    CHECK(read(folder / "model.safetensors") == small());
  }

  TEST_CASE("equal archives have equal bytes, in whatever order they were made") {
    Archive backwards;
    for (auto entry = small().tensors(); !entry.empty();) {
      auto last = entry.extract(std::prev(entry.end()));
      backwards.set(last.key(), last.mapped());
    }
    backwards.metadata = small().metadata;
    CHECK(serialise(backwards) == serialise(small()));
  }

  TEST_CASE("the data begins at a multiple of 8 whatever the names") {
    for (std::size_t length = 0; length < 9; ++length) {
      Archive archive;
      archive.set(std::string(length, 'n'), 1);
      CHECK(serialise(archive).size() % 8 == 0);
    }
  }

  TEST_CASE("a file of the Python package is read and written byte for byte") {
    const std::string path = TTT_TEST_DATA "/ttt_e2e/adamw.safetensors";
    const Archive archive = read(path);
    CHECK(serialise(archive) == read_bytes(path));
    CHECK(archive.tensors().size() == 35);
    CHECK(archive.text("spec").starts_with("{\"rate\": 0.02, \"init\": 0.0"));
    const Matrix<double> before = archive.matrix<double>("param.1.a", {3, 4});
    CHECK(before(0, 0) == -0.3700247693240037);
    CHECK(before(2, 3) == 0.5283687488069336);
    CHECK(archive.matrix<double>("grad.3.b", {1, 5})(0, 4) == -0.10990289543396979);
    CHECK(archive.matrix<float>("rate", {1, 16})(0, 15) == 0.001F);
  }

  // From numpy, by safetensors 0.8.0.
  TEST_CASE("a file of every dtype is what the Python package makes of it") {
    const std::string header = R"({"__metadata__":{"spec":"{\"a\": 1}\t"},)"
                               R"("u":{"dtype":"U64","shape":[1],"data_offsets":[0,8]},)"
                               R"("tokens":{"dtype":"I64","shape":[1,2],"data_offsets":[8,24]},)"
                               R"("d":{"dtype":"F64","shape":[],"data_offsets":[24,32]},)"
                               R"("b\"\\\n\u0001)"
                               "\xc3\xa9\xf0\x9f\x98\x80/\x7f"
                               R"(":{"dtype":"F32","shape":[0,4],"data_offsets":[32,32]},)"
                               R"("w":{"dtype":"F32","shape":[2,3],"data_offsets":[32,56]},)"
                               R"("u32":{"dtype":"U32","shape":[1],"data_offsets":[56,60]},)"
                               R"("a":{"dtype":"I32","shape":[1],"data_offsets":[60,64]},)"
                               R"("bf":{"dtype":"BF16","shape":[1],"data_offsets":[64,66]},)"
                               R"("half":{"dtype":"F16","shape":[2],"data_offsets":[66,70]},)"
                               R"("us":{"dtype":"U16","shape":[1],"data_offsets":[70,72]},)"
                               R"("s":{"dtype":"I16","shape":[1],"data_offsets":[72,74]},)"
                               R"("i8":{"dtype":"I8","shape":[1],"data_offsets":[74,75]},)"
                               R"("bytes":{"dtype":"U8","shape":[3],"data_offsets":[75,78]},)"
                               R"("flags":{"dtype":"BOOL","shape":[2],"data_offsets":[78,80]}}   )";
    const std::vector<std::byte> data = from_hex(
        "09000000000000000100000000000000feffffffffffffff000000000000e03f"
        "000000000000803f0000004000004040000080400000a0400400000007000000"
        "c03f003c00410500fffffb0102030100");
    std::vector<std::byte> bytes = file_with(header);
    bytes.insert(bytes.end(), data.begin(), data.end());

    const Archive archive = parse(bytes);
    CHECK(serialise(archive) == bytes);
    CHECK(archive.text("spec") == "{\"a\": 1}\t");
    CHECK(archive.integer("u") == 9);
    CHECK(archive.integers("tokens") == std::vector<std::int64_t>{1, -2});
    CHECK(archive.matrix<double>("d")(0, 0) == 0.5);
    CHECK(archive.matrix<float>("b\"\\\n\x01\xc3\xa9\xf0\x9f\x98\x80/\x7f", {0, 4}).size() == 0);
    CHECK(archive.matrix<float>("w", {2, 3})(1, 2) == 5.0F);
    CHECK(archive.integer("u32") == 4);
    CHECK(archive.integer("a") == 7);
    CHECK(archive.matrix<float>("bf")(0, 0) == 1.5F);
    CHECK(archive.matrix<float>("half", {1, 2})(0, 1) == 2.5F);
    CHECK(archive.integer("us") == 5);
    CHECK(archive.integer("s") == -1);
    CHECK(archive.integer("i8") == -5);
    CHECK(archive.integers("bytes") == std::vector<std::int64_t>{1, 2, 3});
    CHECK(archive.integers("flags") == std::vector<std::int64_t>{1, 0});
  }

  TEST_CASE("the order of members and the space between them are free") {
    const Archive archive = parse(
        file_with("{ \"w\" :\t{\n\"data_offsets\" : [ 4 , 8 ],\r\"shape\":[ ], \"dtype\":\"F32\"},"
                  "\"a\":{\"shape\":[4,1],\"dtype\":\"U8\",\"data_offsets\":[0,4]}}\n ",
                  8));
    CHECK(archive.matrix<float>("w")(0, 0) == 0.0F);
    CHECK(archive.view("a").shape()[0] == 4);
  }

  TEST_CASE("a message names the file") {
    const Folder folder;
    const auto path = folder / "model.safetensors";
    write_atomically(path,
                     file_with(R"({"w":{"dtype":"F32","shape":[24],"data_offsets":[0,96]}})", 64));
    CHECK_THROWS_WITH_AS(static_cast<void>(read(path)),
                         ("read: " + path.string() +
                          ": tensor \"w\": data_offsets end at 96, past the end of the data (64 "
                          "bytes)")
                             .c_str(),
                         FormatError);
    write(path, small());
    CHECK_THROWS_WITH_AS(static_cast<void>(read(path).matrix<float>("b")),
                         ("read: " + path.string() + ": tensor \"b\" is missing").c_str(),
                         FormatError);
  }

  TEST_CASE("a file without a whole header is refused") {
    const auto header_length = [](std::uint64_t length) {
      const auto bytes = std::as_bytes(std::span(&length, 1));
      return std::vector(bytes.begin(), bytes.end());
    };
    CHECK_THROWS_WITH_AS(static_cast<void>(parse({})), "read: archive: the file is empty",
                         FormatError);
    CHECK_THROWS_WITH_AS(static_cast<void>(parse(std::vector<std::byte>(7))),
                         "read: archive: 7 bytes are too few for a header", FormatError);
    CHECK_THROWS_WITH_AS(static_cast<void>(parse(header_length(0))),
                         "read: archive: the header does not begin with '{'", FormatError);
    CHECK_THROWS_WITH_AS(static_cast<void>(parse(header_length(1))),
                         "read: archive: header length 1 is past the end of the file (8 bytes)",
                         FormatError);
    CHECK_THROWS_WITH_AS(static_cast<void>(parse(header_length(100'000'001))),
                         "read: archive: header length 100000001 is beyond 100000000", FormatError);
    CHECK_THROWS_WITH_AS(static_cast<void>(parse(header_length(UINT64_MAX))),
                         "read: archive: header length 18446744073709551615 is beyond 100000000",
                         FormatError);
  }

  TEST_CASE("every cut of a file is refused") {
    const std::vector<std::byte> bytes = serialise(small());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      CAPTURE(size);
      CHECK_THROWS_AS(static_cast<void>(parse(std::span(bytes).first(size))), FormatError);
    }
  }

  TEST_CASE("a header that is not strict JSON is refused where it is not") {
    const Refusal refusals[] = {
        {" {}", "the header does not begin with '{'"},
        {"[]", "the header does not begin with '{'"},
        {"{", "header byte 1: expected '\"', got the end"},
        {"{}x", "header byte 2: expected the end, got 'x'"},
        {"{}\0"s, "header byte 2: expected the end, got byte value 0"},
        {"{\"w\"}", "header byte 4: expected ':', got '}'"},
        {"{\"w\":1}", "header byte 5: expected '{', got '1'"},
        {"{\"w\":null}", "header byte 5: expected '{', got 'n'"},
        {"{w:{}}", "header byte 1: expected '\"', got 'w'"},
        {"{\"__metadata__\":{},}", "header byte 19: expected '\"', got '}'"},
        {"{\"__metadata__\":{} \"w\"", "header byte 19: expected '}', got '\"'"},
        {"{\"\xff\":{}}", "header byte 2: not UTF-8"},
        {"{\"w\":" + std::string(100'000, '['), "header byte 5: expected '{', got '['"},
        {"{\"w\":{\"shape\":" + std::string(100'000, '['),
         "header byte 15: expected a natural number, got '['"},
    };
    for (const Refusal& refusal : refusals) check_refused(refusal);
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += "{\"w\":";
    check_refused({deep, "tensor \"w\": unknown key \"w\""});
  }

  TEST_CASE("metadata that is not strings by different names is refused") {
    const Refusal refusals[] = {
        {R"({"__metadata__":[]})", "header byte 16: expected '{', got '['"},
        {R"({"__metadata__":{"step":7}})", "header byte 24: expected '\"', got '7'"},
        {R"({"__metadata__":{"a":"1","a":"2"}})", R"(metadata "a" is there twice)"},
        {R"({"__metadata__":{},"__metadata__":{}})", "__metadata__ is there twice"},
    };
    for (const Refusal& refusal : refusals) check_refused(refusal);
  }

  TEST_CASE("a tensor that is not described once and in full is refused") {
    const Refusal refusals[] = {
        {R"({"w":{"shape":[0],"data_offsets":[0,0]}})", "dtype is missing"},
        {R"({"w":{"dtype":"F32","data_offsets":[0,0]}})", "shape is missing"},
        {R"({"w":{"dtype":"F32","shape":[0]}})", "data_offsets is missing"},
        {R"({"w":{"dtype":"F32","dtype":"F32"}})", "dtype is there twice"},
        {R"({"w":{"shape":[],"shape":[]}})", "shape is there twice"},
        {R"({"w":{"data_offsets":[],"data_offsets":[]}})", "data_offsets is there twice"},
        {R"({"w":{"dtype":"F32","strides":[1]}})", R"(unknown key "strides")"},
        {R"({"w":{"dtype":"F31","shape":[0],"data_offsets":[0,0]}})", R"(unknown dtype "F31")"},
        {R"({"w":{"dtype":"F32","shape":[0],"data_offsets":[0]}})",
         "data_offsets must be [begin, end], got [0]"},
        {R"({"w":{"dtype":"F32","shape":[0],"data_offsets":[0,0,0]}})",
         "data_offsets must be [begin, end], got [0, 0, 0]"},
    };
    for (const auto& [header, message, data_size] : refusals) {
      check_refused({header, "tensor \"w\": " + message});
    }
    check_refused({R"({"w":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"w":{}})",
                   R"(tensor "w" is there twice)"});
    check_refused({R"({"w":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"\u0077":{}})",
                   R"(tensor "w" is there twice)"});
  }

  TEST_CASE("offsets that do not hold the shape are refused") {
    const Refusal refusals[] = {
        {R"({"w":{"dtype":"F32","shape":[24],"data_offsets":[0,96]}})",
         "data_offsets end at 96, past the end of the data (64 bytes)"},
        {R"({"w":{"dtype":"F32","shape":[0],"data_offsets":[65,65]}})",
         "data_offsets end at 65, past the end of the data (64 bytes)"},
        {R"({"w":{"dtype":"U8","shape":[1],"data_offsets":[0,9223372036854775807]}})",
         "data_offsets end at 9223372036854775807, past the end of the data (64 bytes)"},
        {R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[8,4]}})",
         "data_offsets [8, 4] run backwards"},
        {R"({"w":{"dtype":"F32","shape":[4,4],"data_offsets":[0,32]}})",
         "F32 [4, 4] takes 64 bytes, data_offsets hold 32"},
        {R"({"w":{"dtype":"BF16","shape":[],"data_offsets":[0,64]}})",
         "BF16 [] takes 2 bytes, data_offsets hold 64"},
        {R"({"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})",
         "shape [4294967296, 4294967296] has too many elements"},
        {R"({"w":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]}})",
         "shape [2305843009213693952] has too many elements"},
        {R"({"w":{"dtype":"U8","shape":[9223372036854775807,2,0],"data_offsets":[0,0]}})",
         "shape [9223372036854775807, 2, 0] has too many elements"},
    };
    for (const auto& [header, message, data_size] : refusals) {
      check_refused({header, "tensor \"w\": " + message, 64});
    }
  }

  TEST_CASE("data that does not belong to exactly one tensor is refused") {
    const auto header = [](std::pair<int, int> a, std::pair<int, int> b) {
      const auto claim = [](char name, std::pair<int, int> own) {
        return "\""s + name + R"(":{"dtype":"U8","shape":[)" +
               std::to_string(own.second - own.first) + R"(],"data_offsets":[)" +
               std::to_string(own.first) + ',' + std::to_string(own.second) + "]}";
      };
      return '{' + claim('a', a) + ',' + claim('b', b) + '}';
    };
    const std::string overlap = R"(tensors "a" and "b" overlap)";
    const std::string overlap_turned = R"(tensors "b" and "a" overlap)";
    check_refused({header({0, 8}, {4, 8}), overlap, 8});
    check_refused({header({0, 8}, {0, 8}), overlap, 8});
    check_refused({header({0, 8}, {2, 6}), overlap, 8});
    check_refused({header({2, 6}, {0, 8}), overlap_turned, 8});
    check_refused({header({0, 8}, {4, 4}), overlap, 8});
    check_refused({header({0, 3}, {4, 8}), "bytes 3 to 4 of the data belong to no tensor", 8});
    check_refused({header({1, 4}, {4, 8}), "bytes 0 to 1 of the data belong to no tensor", 8});
    check_refused({header({4, 8}, {0, 4}), "bytes 8 to 9 of the data belong to no tensor", 9});
    check_refused({"{}", "bytes 0 to 1 of the data belong to no tensor", 1});
    CHECK(parse(file_with(header({4, 8}, {0, 4}), 8)).tensors().size() == 2);
    CHECK(parse(file_with(header({0, 0}, {0, 8}), 8)).tensors().size() == 2);
    CHECK(parse(file_with(header({0, 8}, {0, 0}), 8)).tensors().size() == 2);
    CHECK(parse(file_with(header({8, 8}, {0, 8}), 8)).tensors().size() == 2);
  }

  TEST_CASE("what no reader would take is not written") {
    Archive archive;
    archive.metadata["note"] = "text \xff";
    CHECK_THROWS_WITH_AS(
        static_cast<void>(serialise(archive)),
        "serialise: metadata \"note\" must be UTF-8, got \"text %FF\", whose byte 5 is not",
        RangeError);
    archive.metadata = {{"\xff", "note"}};
    CHECK_THROWS_WITH_AS(static_cast<void>(serialise(archive)),
                         "serialise: the metadata's keys must be UTF-8, got \"%FF\"", RangeError);
    archive.metadata = {{"note", std::string(longest_header, 'x')}};
    CHECK_THROWS_WITH_AS(static_cast<void>(serialise(archive)),
                         "serialise: header length 100000032 is beyond 100000000", RangeError);
  }
}

}  // namespace
