// SPDX-License-Identifier: Apache-2.0
#include "support/shards.hpp"

#include <ttt/cpu/matrix.hpp>
#include <ttt/error.hpp>
#include <ttt/file/safetensors.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace {

namespace fs = std::filesystem;

/// A folder with two files of a tensor each, a and b, that lives as long as the object.
class Folder {
 public:
  Folder() {
    fs::remove_all(path_);
    fs::create_directory(path_);
    for (const char* name : {"a", "b"}) {
      ttt::file::Archive archive;
      archive.metadata["of"] = name;
      archive.set(name, ttt::Matrix<float>(ttt::Matrix<float>::Ones(2, 3)));
      ttt::file::write(path_ / name, archive);
    }
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] std::string operator/(const std::string& name) const {
    return (path_ / name).string();
  }
  /// An index that says this.
  [[nodiscard]] std::string index(const std::string& text) const {
    std::ofstream(path_ / "index.json") << text;
    return *this / "index.json";
  }

 private:
  fs::path path_ = fs::temp_directory_path() / "ttt_shards";
};

void refused(const std::vector<std::string>& paths, const std::string& words) {
  CHECK_THROWS_WITH_AS(static_cast<void>(support::read_shards("--file", paths)),
                       doctest::Contains(words.c_str()), ttt::Error);
}

TEST_SUITE("support") {
  TEST_CASE("several files are read as one, and so are those that an index names") {
    const Folder folder;
    const auto both = support::read_shards("--file", {folder / "a", folder / "b"});
    CHECK(both.tensors().size() == 2);
    CHECK(both.origin() == folder / "a" + ", " + folder / "b");
    const std::string index = folder.index(
        R"({"metadata": {"total_size": 48.0}, "weight_map": {"b": "b", "a": "a", "c": "a"}})");
    CHECK(support::read_shards("--file", {index}) == both);
  }

  TEST_CASE("no file, a tensor in two files, and what is no index are refused by name") {
    const Folder folder;
    refused({}, "--file must name a file, got none");
    refused({folder / "c"}, "c: cannot open the file");
    refused({folder / "a", folder / "a"}, "tensor \"a\" must be in one of ");
    const auto no_index = [&](const std::string& text) {
      refused({folder.index(text)},
              "index.json: must be an index with a \"weight_map\" of tensors and files");
    };
    no_index("{");
    no_index("[]");
    no_index(R"({"weight_map": {}})");
    no_index(R"({"weight_map": "a"})");
    refused({folder.index(R"({"weight_map": {"t": 3}})")},
            "the file of \"t\" must be a name beside the index, got 3");
    refused({folder.index(R"({"weight_map": {"t": "../a"}})")},
            "the file of \"t\" must be a name beside the index, got \"../a\"");
  }
}

}  // namespace
