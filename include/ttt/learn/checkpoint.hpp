// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/learn/trainer.hpp>
#include <ttt/model/params_file.hpp>
#include <ttt/random.hpp>

#include <charconv>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace ttt {

/// Everything that a training run goes on from: parameters, optimiser, and the place in the data.
template <class Params>
struct Checkpoint {
  TrainingState<Params> training;  ///< parameters and optimiser
  Random random;                   ///< that draws the batches
  std::string recipe = "";         ///< the settings, in words; a run goes on only with the same
};

namespace detail {

/// Throws FormatError or NumberError unless training can go on from a state.
template <class Params>
void expect_sound(const std::string& operation, const TrainingState<Params>& state) {
  const auto& [params, adamw] = state;
  expect_finite(operation, params);
  expect_finite(operation + ": adamw.mean", adamw.mean);
  expect_finite(operation + ": adamw.square", adamw.square);
  if (adamw.steps < 0 || adamw.steps >= Index{1} << 53) {
    throw FormatError(operation + ": adamw.steps must be in 0..2^53, got " +
                      std::to_string(adamw.steps));
  }
  for_each_array(
      [&](const Leaf& leaf, const auto& mean, const auto& square) {
        if (is_zero(mean) == is_zero(square)) return;
        throw FormatError(operation + ": tensor \"" + leaf.name +
                          "\" must be in both adamw.mean and adamw.square");
      },
      adamw.mean, adamw.square);
}

}  // namespace detail

/// Writes a checkpoint, whole or not at all.
///
/// \throws FileError if it cannot be written; RangeError if the recipe is not UTF-8; NumberError if
///         a parameter is not finite. What was there before is then untouched.
template <class Model, Storage M>
void write_checkpoint(const std::filesystem::path& path,
                      const Checkpoint<typename Model::template Params<M>>& checkpoint) {
  const auto& [params, adamw] = checkpoint.training;
  file::Archive archive = params_archive<Model, M>(params);
  archive.metadata["recipe"] = checkpoint.recipe;
  archive.metadata["seed"] = std::to_string(checkpoint.random.seed());
  archive.metadata["drawn"] = std::to_string(checkpoint.random.drawn());
  archive.set("adamw.steps", std::int64_t{adamw.steps});
  file::set_tree(archive, "adamw.mean.", adamw.mean);
  file::set_tree(archive, "adamw.square.", adamw.square);
  file::write(path, archive);
}

/// Reads a checkpoint back, bit for bit.
///
/// \throws FileError if the file cannot be read; FormatError, saying where, if it is no checkpoint
///         of this model; NumberError if an element is not finite.
template <class Model, Storage M>
[[nodiscard]] Checkpoint<typename Model::template Params<M>> read_checkpoint(
    const std::filesystem::path& path) {
  const file::Archive archive = file::read(path);
  expect_spec<Model>(archive);
  const auto number = [&](const char* key) {
    const std::string& text = archive.text(key);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
      throw FormatError("read: " + path.string() + ": metadata \"" + key +
                        "\" must be a whole number, got \"" + text + '"');
    }
    return value;
  };
  // Tensors that stay frozen, or all of them before the first step, have no optimiser state.
  const auto moments = [&](const std::string& prefix) {
    auto shapes = Model::tensors();
    for_each_array(
        [&](const Leaf& leaf, auto& tensor) {
          if (!archive.tensors().contains(prefix + leaf.name)) tensor = {};
        },
        shapes);
    return file::tree<M>(archive, prefix, shapes);
  };
  using Params = typename Model::template Params<M>;
  Checkpoint<Params> checkpoint{.training = {.params = file::tree<M>(archive, "", Model::tensors()),
                                             .adamw = {.mean = moments("adamw.mean."),
                                                       .square = moments("adamw.square."),
                                                       .steps = archive.integer("adamw.steps")}},
                                .random = Random(number("seed"), number("drawn")),
                                .recipe = archive.text("recipe")};
  std::vector<std::string> names{"adamw.steps"};
  file::append_names(names, "", checkpoint.training.params);
  file::append_names(names, "adamw.mean.", checkpoint.training.adamw.mean);
  file::append_names(names, "adamw.square.", checkpoint.training.adamw.square);
  archive.expect_names(std::move(names));
  detail::expect_sound("read: " + path.string(), checkpoint.training);
  return checkpoint;
}

}  // namespace ttt
