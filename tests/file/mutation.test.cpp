// SPDX-License-Identifier: Apache-2.0
#include <ttt/file/parse.hpp>
#include <ttt/file/serialise.hpp>
#include <ttt/random.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <file/allocations.hpp>
#include <file/files.hpp>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace ttt;
using namespace ttt::file;

using Bytes = std::vector<std::byte>;

/// `parse` promises to hold less than 16 times the size of the file; a message has a length of its
/// own.
constexpr std::size_t promised(std::size_t file_size) { return 16 * file_size + 1024; }

Bytes original() {
  Archive archive;
  archive.metadata["spec"] = "{\"width\": 4}\n\x01";
  archive.metadata["step"] = "7";
  archive.set("block.0.weight", Matrix<float>::Identity(3, 4));
  archive.set("block.0.bias", Matrix<float>::Identity(1, 4), {.dtype = DType::bf16, .shape = {4}});
  archive.set("stack", Matrix<double>::Identity(6, 2), {.shape = {3, 2, 2}});
  archive.set("empty", Matrix<float>(0, 4));
  archive.set("tokens", std::vector<std::int64_t>{5, -6, 7});
  archive.set("step", 7);
  return serialise(archive);
}

/// One change of `bytes`: of bits, of the length, of a stretch, or of a number in the header.
void mutate(Bytes& bytes, Random& random) {
  const auto below = [&](std::size_t count) {
    return static_cast<std::ptrdiff_t>(random.below(static_cast<Index>(count)));
  };
  const auto anywhere = [&] { return bytes.begin() + below(bytes.size()); };
  const auto is_digit = [](std::byte b) { return b >= std::byte{'0'} && b <= std::byte{'9'}; };
  constexpr std::array<std::string_view, 8> numbers{
      "0", "1", "8", "-1", "96", "1e9", "4611686018427387904", "99999999999999999999"};
  constexpr std::array<std::string_view, 10> words{
      "{", "}", "[", "]", ",", "\"", "\\u0000", "null", "\"F64\"", "\"__metadata__\":{},"};
  const auto put = [&](Bytes::iterator from, Bytes::iterator to, std::string_view text) {
    const auto part = std::as_bytes(std::span(text));
    bytes.insert(bytes.erase(from, to), part.begin(), part.end());
  };

  if (bytes.empty()) return;
  switch (random.below(7)) {
    case 0:
      *anywhere() ^= std::byte{1} << random.below(8);
      break;
    case 1:
      bytes.resize(static_cast<std::size_t>(below(bytes.size())));
      break;
    case 2:  // one stretch repeated elsewhere
      if (const Bytes stretch(anywhere(), bytes.end()); true) {
        const auto size = std::min<std::ptrdiff_t>(std::ssize(stretch), below(64));
        bytes.insert(anywhere(), stretch.begin(), stretch.begin() + size);
      }
      break;
    case 3:  // one stretch lost
      if (const auto from = anywhere(); true) {
        bytes.erase(from, from + std::min<std::ptrdiff_t>(bytes.end() - from, below(16)));
      }
      break;
    case 4:
      if (const auto from = anywhere(); true) put(from, from, words[random.bits() % words.size()]);
      break;
    case 5:  // the length of the header
      if (bytes.size() >= 8) bytes[static_cast<std::size_t>(below(8))] ^= std::byte{0x10};
      break;
    default:  // a number of the header
      const auto from = std::find_if(anywhere(), bytes.end(), is_digit);
      put(from, std::find_if_not(from, bytes.end(), is_digit),
          numbers[random.bits() % numbers.size()]);
  }
}

/// Makes the length of the header agree with its end, so that what lies behind is reached too.
void mend_length(Bytes& bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::size_t end = text.rfind("]}}");
  if (bytes.size() < 8 || end == text.npos || end < 8) return;
  std::uint64_t length = end + 3 - 8;
  while (8 + length < bytes.size() && bytes[8 + length] == std::byte{' '}) ++length;
  std::memcpy(bytes.data(), &length, sizeof length);
}

/// Reads whatever an archive holds: it comes whole, or it is refused for a reason.
void read_all(const Archive& archive) {
  for (const auto& [name, tensor] : archive.tensors()) {
    const TensorView view = archive.view(name);
    const DTypeInfo& dtype = describe(tensor.dtype);
    Index elements = 0;
    try {
      elements = dtype.real ? view.matrix<float>().size() : std::ssize(view.integers());
    } catch (const FormatError&) {
      CHECK((dtype.real ? tensor.shape.size() > 2 : tensor.dtype == DType::u64));
      continue;
    }
    CHECK(elements * dtype.bytes == std::ssize(tensor.bytes));
  }
}

TEST_SUITE("file") {
  TEST_CASE("what is held at once is counted, and no more when it is given back") {
    const std::size_t before = held();
    const std::size_t most = most_held_by([] {
      const std::vector<std::byte> first(1000);
      std::vector<std::byte>(500).clear();
      const auto second = std::make_unique<std::byte[]>(300);
    });
    CHECK(most == 1500);
    CHECK(held() == before);
  }

  TEST_CASE("100000 damaged files are each read or refused, within the promised memory") {
    constexpr std::uint64_t seed = 20240607;
    CAPTURE(seed);
    const Bytes whole = original();
    Random random(seed);
    int read = 0;
    int refused_in_header = 0;
    for (int i = 0; i < 100'000; ++i) {
      Bytes bytes = whole;
      for (Index k = random.below(3); k >= 0; --k) mutate(bytes, random);
      if (random.below(4) != 0) mend_length(bytes);
      CAPTURE(i);
      Archive archive;
      bool sound = false;
      const std::size_t most = most_held_by([&] {
        try {
          archive = parse(bytes);
          sound = true;
        } catch (const FormatError& error) {
          refused_in_header += std::string_view(error.what()).find("tensor") != std::string::npos;
        }
      });
      REQUIRE(most <= promised(bytes.size()));
      if (!sound) continue;
      ++read;
      read_all(archive);
      REQUIRE(parse(serialise(archive)) == archive);
    }
    CHECK(read > 5'000);
    CHECK(refused_in_header > 20'000);
  }

  TEST_CASE("a file of many small claims is read within the promised memory") {
    const auto numbered = [](const std::string& front, const std::string& item, int count,
                             const std::string& back) {
      std::string header = front;
      for (int i = 0; i < count; ++i) {
        std::string own = item;
        if (const auto at = own.find('#'); at != own.npos) own.replace(at, 1, std::to_string(i));
        header += (i == 0 ? "" : ",") + own;
      }
      return file_with(header + back);
    };
    const Bytes files[] = {
        numbered("{", R"("#":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})", 5000, "}"),
        numbered(R"({"__metadata__":{)", R"("#":"")", 20'000, "}}"),
        numbered(R"({"w":{"dtype":"U8","shape":[)", "0", 70'000, R"(],"data_offsets":[0,0]}})"),
        numbered(R"({"w":{"dtype":"U8","data_offsets":[0,0],"shape":[)", "0", 66'000, "]}}"),
    };
    for (const Bytes& bytes : files) {
      const std::size_t most = most_held_by([&] { static_cast<void>(parse(bytes)); });
      CHECK(most <= promised(bytes.size()));
      CHECK(most > bytes.size());
    }
  }

  TEST_CASE("a file that claims much is refused without memory for it") {
    const std::string_view headers[] = {
        R"({"w":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4000000000000]}})",
        R"({"w":{"dtype":"F32","shape":[9223372036854775807,9],"data_offsets":[0,9]}})",
    };
    for (const std::string_view header : headers) {
      const Bytes bytes = file_with(header);
      const std::size_t most =
          most_held_by([&] { CHECK_THROWS_AS(static_cast<void>(parse(bytes)), FormatError); });
      CHECK(most <= promised(bytes.size()));
    }
    Bytes bytes(16);
    const std::uint64_t length = 99'999'999;
    std::memcpy(bytes.data(), &length, sizeof length);
    const std::size_t most =
        most_held_by([&] { CHECK_THROWS_AS(static_cast<void>(parse(bytes)), FormatError); });
    CHECK(most <= promised(bytes.size()));
  }
}

}  // namespace
