// SPDX-License-Identifier: Apache-2.0
#include "train/begin.hpp"

#include <ttt/error.hpp>
#include <ttt/file/safetensors.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;
using training::Settings;

/// A folder that is gone after the test case.
struct TemporaryFolder {
  fs::path path = fs::temp_directory_path() / ("ttt_train." + std::to_string(::getpid()));
  TemporaryFolder() { fs::create_directories(path); }
  ~TemporaryFolder() { fs::remove_all(path); }
};

TEST_SUITE("examples/train") {
  TEST_CASE("a run does not take the place of another's files unasked") {
    const TemporaryFolder folder;
    Settings settings;
    settings.out = (folder.path / "a").string();
    settings.log = (folder.path / "a.log").string();
    for (const std::string& path : {settings.out, settings.checkpoint_path(), settings.log}) {
      CHECK_NOTHROW(training::expect_no_overwriting(settings));
      std::ofstream(path) << "of another run";
      CHECK_THROWS_WITH_AS(training::expect_no_overwriting(settings),
                           (path + " is there already; --resume goes on with its checkpoint, "
                                   "--overwrite replaces it")
                               .c_str(),
                           ttt::RangeError);
      settings.overwrite = true;
      CHECK_NOTHROW(training::expect_no_overwriting(settings));
      settings.overwrite = false;
      fs::remove(path);
    }
  }

  TEST_CASE("going on needs the checkpoint of a model that is there") {
    const TemporaryFolder folder;
    Settings settings;
    settings.out = (folder.path / "a").string();
    settings.resume = true;
    settings.log = (folder.path / "a.log").string();
    std::ofstream(settings.log) << "of a run that was stopped before its first checkpoint";
    CHECK_NOTHROW(training::expect_no_overwriting(settings));
    std::ofstream(settings.out) << "of another run";
    CHECK_THROWS_WITH_AS(
        training::expect_no_overwriting(settings),
        (settings.out + " is there already, but not " + settings.checkpoint_path() +
         ", with which --resume would go on; --overwrite replaces it")
            .c_str(),
        ttt::RangeError);
    std::ofstream(settings.checkpoint_path()) << "of the same run";
    CHECK_NOTHROW(training::expect_no_overwriting(settings));
    settings.overwrite = true;
    CHECK_THROWS_WITH_AS(training::expect_no_overwriting(settings),
                         "--resume and --overwrite cannot be combined", ttt::RangeError);
  }

  TEST_CASE("a checkpoint of other settings is refused with those that differ, by name") {
    Settings made;
    made.steps = 300;
    Settings wanted = made;
    wanted.steps = 500;
    wanted.start = "model.safetensors";
    CHECK_NOTHROW(training::expect_same_recipe("a.checkpoint", made.recipe(), made.recipe()));
    CHECK_THROWS_WITH_AS(
        training::expect_same_recipe("a.checkpoint", made.recipe(), wanted.recipe()),
        "--resume: other settings than those of the checkpoint. Of a.checkpoint: steps 300; of "
        "this "
        "run: start model.safetensors, steps 500",
        ttt::RangeError);
  }

  TEST_CASE("a checkpoint is no model to start from") {
    const TemporaryFolder folder;
    const std::string path = (folder.path / "a.checkpoint").string();
    ttt::file::Archive archive;
    archive.set("weights", ttt::Matrix<float>::Ones(1, 1));
    ttt::file::write(path, archive);
    CHECK_NOTHROW(training::expect_model_file(path));
    archive.set("adamw.steps", std::int64_t{3});
    ttt::file::write(path, archive);
    CHECK_THROWS_WITH_AS(training::expect_model_file(path),
                         ("--start: " + path +
                          " is a checkpoint, not a model file; --checkpoint with --resume goes on "
                          "with it")
                             .c_str(),
                         ttt::RangeError);
  }
}

}  // namespace
