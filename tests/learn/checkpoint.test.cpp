// SPDX-License-Identifier: Apache-2.0
#include <ttt/learn/checkpoint.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "laws/texts.hpp"

namespace {

using namespace ttt;
using laws::Small;
using Params = Small::Params<Matrix<float>>;

struct Folder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("ttt_checkpoint_" + std::to_string(std::rand()));
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() { std::filesystem::remove_all(path); }
};

std::vector<std::vector<Token>> batch(Random& random) {
  std::vector<std::vector<Token>> texts(2);
  for (auto& text : texts) {
    for (Index t = 0; t <= 3 * Small::spec.chunk; ++t) {
      text.push_back(static_cast<Token>(random.below(13)));
    }
  }
  return texts;
}

using Training = Trainer<Small, MetaLoss<>>;
const Training::Options options{.adamw = {.frozen = {"ln_f"}},
                                .schedule = {.warmup = 2, .steps = 9}};

/// A training that has taken one step, whose checkpoint is in the file.
Training saved_after_a_step(const std::filesystem::path& file) {
  Random random(5);
  Training training({.params = laws::lively_params<Small, float>(1)}, options);
  training.step(batch(random));
  write_checkpoint<Small, Matrix<float>>(file, {training.state(), random, "a step"});
  return training;
}

template <class T>
bool same_bits(const T& a, const T& b) {
  bool same = true;
  for_each_array(
      [&](const Leaf&, const Matrix<float>& x, const Matrix<float>& y) {
        same = same && x.rows() == y.rows() && x.cols() == y.cols() && (x.size() == 0 || x == y);
      },
      a, b);
  return same;
}

TEST_SUITE("learn") {
  TEST_CASE("a run that goes on from a checkpoint ends in the same bits") {
    const Folder folder;
    const auto file = folder.path / "run.checkpoint";
    Random random(5);
    Training whole({.params = laws::lively_params<Small, float>(1)}, options);
    for (int i = 0; i < 4; ++i) whole.step(batch(random));
    write_checkpoint<Small, Matrix<float>>(file, {whole.state(), random, "nine steps"});

    auto at = read_checkpoint<Small, Matrix<float>>(file);
    CHECK(at.random == random);
    CHECK(at.recipe == "nine steps");
    CHECK(same_bits(at.training.params, whole.state().params));
    CHECK(same_bits(at.training.adamw.mean, whole.state().adamw.mean));
    CHECK(same_bits(at.training.adamw.square, whole.state().adamw.square));
    Training resumed(at.training, options);
    for (int i = 0; i < 5; ++i) {
      whole.step(batch(random));
      resumed.step(batch(at.random));
    }
    CHECK(resumed.steps() == 9);
    CHECK(same_bits(resumed.state().params, whole.state().params));
  }

  TEST_CASE("a checkpoint has no optimiser state of what stays frozen") {
    const Folder folder;
    const auto file = folder.path / "run.checkpoint";
    const Training training = saved_after_a_step(file);
    const auto found = read_checkpoint<Small, Matrix<float>>(file);
    CHECK(found.training.adamw.steps == 1);
    CHECK(same_bits(found.training.adamw.mean, training.state().adamw.mean));
    CHECK(found.training.adamw.mean.embedding.size() > 0);
    CHECK(found.training.adamw.mean.norm.weight.size() == 0);
    CHECK(found.training.adamw.square.norm.weight.size() == 0);
  }

  TEST_CASE("a checkpoint of another model, or half of one, is refused") {
    const Folder folder;
    const auto file = folder.path / "run.checkpoint";
    write_checkpoint<Small, Matrix<float>>(
        file, {{.params = laws::lively_params<Small, float>(1)}, Random(1), "none"});
    CHECK_THROWS_AS(static_cast<void>(read_checkpoint<laws::Other, Matrix<float>>(file)),
                    FormatError);

    file::Archive archive = file::read(file);
    archive.metadata["drawn"] = "-3";
    file::write(file, archive);
    CHECK_THROWS_WITH_AS(
        static_cast<void>(read_checkpoint<Small, Matrix<float>>(file)),
        ("read: " + file.string() + ": metadata \"drawn\" must be a whole number, got \"-3\"")
            .c_str(),
        FormatError);

    archive.metadata["drawn"] = "3";
    archive.set("adamw.mean.nobody", Matrix<float>::Zero(1, 1).eval());
    file::write(file, archive);
    CHECK_THROWS_WITH_AS(
        static_cast<void>(read_checkpoint<Small, Matrix<float>>(file)),
        ("read: " + file.string() + ": unexpected tensors \"adamw.mean.nobody\"").c_str(),
        FormatError);
  }

  TEST_CASE("a checkpoint that no training can go on from is refused") {
    const Folder folder;
    const auto file = folder.path / "run.checkpoint";
    static_cast<void>(saved_after_a_step(file));
    const file::Archive sound = file::read(file);
    const auto check_refused = [&]<class E>(const file::Archive& archive, const std::string& why,
                                            std::type_identity<E> /*error*/) {
      file::write(file, archive);
      CHECK_THROWS_WITH_AS(static_cast<void>(read_checkpoint<Small, Matrix<float>>(file)),
                           ("read: " + file.string() + ": " + why).c_str(), E);
    };
    for (const std::int64_t steps : {std::int64_t{-1}, std::int64_t{1} << 53}) {
      file::Archive archive = sound;
      archive.set("adamw.steps", steps);
      check_refused(archive, "adamw.steps must be in 0..2^53, got " + std::to_string(steps),
                    std::type_identity<FormatError>());
    }
    const std::string name = "model.wte.weight";
    for (const std::string prefix : {"", "adamw.mean.", "adamw.square."}) {
      file::Archive archive = sound;
      Matrix<float> array = archive.matrix<float>(prefix + name);
      array(0, 0) = std::numeric_limits<float>::quiet_NaN();
      archive.set(prefix + name, array);
      const std::string where = prefix.empty() ? "" : prefix.substr(0, prefix.size() - 1) + ": ";
      check_refused(archive, where + "tensor \"" + name + "\" must be finite",
                    std::type_identity<NumberError>());
    }
    file::Archive half;
    half.metadata = sound.metadata;
    for (const auto& [other, tensor] : sound.tensors()) {
      if (other != "adamw.square." + name) half.set(other, tensor);
    }
    check_refused(half, "tensor \"" + name + "\" must be in both adamw.mean and adamw.square",
                  std::type_identity<FormatError>());
  }

  TEST_CASE("a loss that is not finite stops the run with the step and leaves the parameters") {
    auto params = laws::lively_params<Small, float>(1);
    params.embedding(0, 0) = std::numeric_limits<float>::quiet_NaN();
    Training training({.params = params}, options);
    Random random(5);
    CHECK_THROWS_WITH_AS(training.step(batch(random)),
                         "Trainer: step 0: gradient of model.wte.weight is not finite",
                         NumberError);
    CHECK(training.steps() == 0);
  }
}

}  // namespace
