// SPDX-License-Identifier: Apache-2.0
#include <ttt/file/parse.hpp>
#include <ttt/file/recognise.hpp>

#include <doctest/doctest.h>

#include <file/files.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace ttt;
using namespace ttt::file;
using namespace std::string_literals;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

TEST_SUITE("file") {
  TEST_CASE("what is no safetensors file is refused as what it seems to be") {
    const std::vector<std::pair<std::string, std::string>> files{
        {"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
         "a Git LFS pointer in place of the file, which `git lfs pull` fetches"},
        {"PK\x03\x04\0\0\b\b\0\0archive/data.pkl"s, "a zip archive, as torch.save writes"},
        {"\x80\x02\x8a\nl\xfc\x9c\x46\xf9 j\xa8P"s,
         "a Python pickle, as older versions of torch.save write"},
        {"GGUF\x03\0\0\0\x02\0\0\0"s, "a GGUF file"},
        {"\x89HDF\r\n\x1a\n\0\0"s, "an HDF5 file"},
        {"\x93NUMPY\x01\0v\0"s, "a NumPy array"},
        {"\x1f\x8b\b\0\0\0\0\0\0\x03"s, "a gzip file, which must be unpacked first"},
        {"\n\n  <!DOCTYPE html>\n<html lang=\"en\">", "an HTML page"},
        {"<HTML>Not Found", "an HTML page"},
        {"{\"metadata\": {\"total_size\": 9}}", "JSON text"},
        {"{}\n", ""},
    };
    for (const auto& [text, kind] : files) {
      CAPTURE(kind);
      CHECK(recognise(bytes_of(text)) == kind);
      if (kind.empty()) continue;
      CHECK_THROWS_WITH_AS(static_cast<void>(parse(bytes_of(text), "model")),
                           ("read: model: must be a safetensors file, seems to be " + kind).c_str(),
                           FormatError);
    }
  }

  TEST_CASE("bytes that nothing is known about are refused by their header's length") {
    CHECK(recognise({}).empty());
    CHECK(recognise(bytes_of(" \n ")).empty());
    CHECK_THROWS_WITH_AS(static_cast<void>(parse(bytes_of("Call me Ishmael."), "model")),
                         "read: model: header length 2334391967886893379 is beyond 100000000",
                         FormatError);
  }

  TEST_CASE("a sound file is read whatever its first bytes look like") {
    // Its header is 0x227b bytes long, so that it begins with {\".
    std::string header = "{}";
    header.resize(0x227b, ' ');
    const std::vector<std::byte> bytes = file_with(header);
    CHECK(recognise(bytes) == "JSON text");
    CHECK(parse(bytes).tensors().empty());
  }
}

}  // namespace
