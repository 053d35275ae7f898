// SPDX-License-Identifier: Apache-2.0
#include "train/log.hpp"

#include <ttt/data/files.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <limits>
#include <string>

namespace {

using namespace ttt;

TEST_SUITE("examples/train") {
  TEST_CASE("a step is a line of JSON, with the held-out loss where it was measured") {
    const auto path = std::filesystem::temp_directory_path() / "ttt_train_log.jsonl";
    std::filesystem::remove(path);
    const StepReport step{.step = 2, .loss = 1.5, .norm = 0.25, .rate = 0.125};
    {
      training::Log log(path.string(), 0);
      log.write(step, std::nullopt, 3);
      log.write(step, 1.75, 4);
      log.write(step, std::numeric_limits<double>::quiet_NaN(), 5);
    }
    const std::string begin = "{\"step\": 2, \"loss\": 1.5";
    const std::string end = ", \"norm\": 0.25, \"rate\": 0.125, \"seconds\": ";
    const std::string first = begin + end + "3}\n";
    CHECK(data::read_text(path) == first + begin + ", \"held_out\": 1.75" + end + "4}\n" + begin +
                                       ", \"held_out\": null" + end + "5}\n");
    training::Log(path.string(), 1).write(step, std::nullopt, 6);  // goes on behind one step
    CHECK(data::read_text(path) == first + begin + end + "6}\n");
    std::filesystem::remove(path);
  }
}

}  // namespace
