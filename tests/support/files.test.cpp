// SPDX-License-Identifier: Apache-2.0
#include "support/files.hpp"

#include <ttt/data/files.hpp>
#include <ttt/error.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;

/// A folder that is gone after the test case.
struct TemporaryFolder {
  fs::path path = fs::temp_directory_path() / ("ttt_files." + std::to_string(::getpid()));
  TemporaryFolder() { fs::create_directories(path); }
  ~TemporaryFolder() { fs::remove_all(path); }
};

TEST_SUITE("support") {
  TEST_CASE("trying to write a file leaves the folder and the file as they are") {
    const TemporaryFolder folder;
    support::expect_writable("--out", folder.path / "new");
    CHECK(fs::is_empty(folder.path));

    std::ofstream(folder.path / "old") << "kept";
    support::expect_writable("--out", folder.path / "old");
    CHECK(ttt::data::read_text(folder.path / "old") == "kept");
    CHECK(std::distance(fs::directory_iterator(folder.path), {}) == 1);
  }

  TEST_CASE("a folder is no file to write, and a file no folder") {
    const TemporaryFolder folder;
    const std::string path = folder.path.string();
    CHECK_THROWS_WITH_AS(support::expect_writable("--out", folder.path),
                         ("--out: " + path + ": must be a file, and is a folder").c_str(),
                         ttt::FileError);
    std::ofstream(folder.path / "file") << "text";
    CHECK_THROWS_AS(support::make_folder("--out", folder.path / "file"), ttt::FileError);
    CHECK_THROWS_AS(support::make_folder("--out", folder.path / "file" / "in"), ttt::FileError);
  }

  TEST_CASE("a folder to write into is made, with those above it") {
    const TemporaryFolder folder;
    support::make_folder("--out", folder.path / "a" / "b");
    CHECK(fs::is_empty(folder.path / "a" / "b"));
  }

  TEST_CASE("a device can be written") {
    CHECK_NOTHROW(support::expect_writable("--json", "/dev/null"));
  }

  TEST_CASE("the models that come with the repository are found from any folder") {
    const TemporaryFolder folder;
    const fs::path before = fs::current_path();
    fs::current_path(folder.path);
    CHECK_NOTHROW((void)support::model_file(support::models_folder(), "bookkeeper.safetensors"));
    fs::create_directories("examples/models");
    CHECK(support::models_folder() == "examples/models");
    fs::current_path(before);
  }

  TEST_CASE("a model that is not there is refused with the option that names its folder") {
    CHECK_THROWS_WITH_AS(
        (void)support::model_file("/no/such", "a.safetensors"),
        "--models: /no/such: has no a.safetensors; the option names the folder of the model files, "
        "examples/models",
        ttt::FileError);
  }

  TEST_CASE("a text is one file, and a folder is refused") {
    const TemporaryFolder folder;
    std::ofstream(folder.path / "a.txt") << "a text";
    CHECK(support::one_text("--file", folder.path / "a.txt").text == "a text");
    const std::string path = folder.path.string();
    CHECK_THROWS_WITH_AS((void)support::one_text("--file", folder.path),
                         ("--file: " + path + ": must be a file, and is a folder").c_str(),
                         ttt::FileError);
  }
}

}  // namespace
