// SPDX-License-Identifier: Apache-2.0
#include "train/settings.hpp"

#include <ttt/file/safetensors.hpp>

#include <doctest/doctest.h>

namespace {

using namespace ttt;

TEST_SUITE("examples/train") {
  TEST_CASE("a recipe can be saved whatever the files are called") {
    training::Settings settings;
    settings.start = "start\xff";
    settings.text = {"caf\xe9.txt", "caf\xc3\xa9.txt"};
    file::Archive archive;
    archive.metadata["recipe"] = settings.recipe();
    CHECK(file::parse(file::serialise(archive)) == archive);
    CHECK(settings.recipe().find(", start start%FF, text caf%E9.txt, text caf\xc3\xa9.txt, ") !=
          std::string::npos);
  }
}

}  // namespace
