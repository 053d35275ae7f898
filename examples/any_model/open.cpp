// SPDX-License-Identifier: Apache-2.0
#include <ttt/decimal.hpp>
#include <ttt/file/safetensors.hpp>
#include <ttt/spec/describe.hpp>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <numeric>
#include <string_view>

#include "found.hpp"
#include "models.hpp"
#include "support/device.hpp"
#include "support/files.hpp"

/// SR-TTT with gradients that the published one lacks reads as it does.
template <>
std::unique_ptr<models::AnyModel> models::typed<models::BookkeeperSrTttGradFull>(
    const Found& found) {
  return typed<BookkeeperSrTtt>(found);
}

namespace models {

namespace {

Index elements(const file::Tensor& tensor) {
  return std::accumulate(tensor.shape.begin(), tensor.shape.end(), Index{1}, std::multiplies<>{});
}

/// Whether an archive has the spec of a model, and its tensors.
template <class Model>
bool fits(const file::Archive& archive) {
  if (archive.text("spec") != describe(Model::spec)) return false;
  std::size_t count = 0;
  const auto shapes = Model::tensors();
  for (const auto& [leaf, shape] : parts_of(shapes).arrays) {
    if (shape->rows == 0) continue;
    const auto found = archive.tensors().find(leaf.name);
    if (found == archive.tensors().end()) return false;
    if (elements(found->second) != shape->rows * shape->cols) return false;
    ++count;
  }
  return count == archive.tensors().size();
}

Index parameters_of(const file::Archive& archive) {
  Index count = 0;
  for (const auto& [name, tensor] : archive.tensors()) count += elements(tensor);
  return count;
}

std::string recipe_of(const file::Archive& archive) {
  const auto found = archive.metadata.find("recipe");
  return found == archive.metadata.end() ? "" : found->second;
}

/// The name that a recipe begins with: of "model toy, objective meta" and of "toy meta" it is toy.
std::string named_in(const std::string& recipe) {
  constexpr std::string_view word = "model ";
  const std::size_t begin = recipe.starts_with(word) ? word.size() : 0;
  return recipe.substr(begin, recipe.find_first_of(", ", begin) - begin);
}

/// The name of the model that a file is of, among those that it could be of.
std::string chosen(const Choice& choice, const file::Archive& archive,
                   const std::vector<std::string_view>& candidates) {
  const auto is_candidate = [&](const std::string& name) {
    return std::ranges::find(candidates, name) != candidates.end();
  };
  if (candidates.empty()) {
    throw RangeError("--model-file: " + archive.origin() + " must be of " + names() +
                     ", and is of none of these, with spec \"" + archive.text("spec") + '"');
  }
  if (!choice.model.empty()) {
    if (is_candidate(choice.model)) return choice.model;
    throw RangeError("--model: " + archive.origin() + " must be of " + listed(candidates) +
                     ", got " + choice.model);
  }
  if (candidates.size() == 1) return std::string(candidates[0]);
  if (std::string name = named_in(recipe_of(archive)); is_candidate(name)) return name;
  throw RangeError("--model must say of which model " + archive.origin() +
                   " is: " + listed(candidates));
}

}  // namespace

void Choice::add_to(support::Program& program) {
  program
      .option("--model-file", file, "the model; bookkeeper.safetensors of this repository if empty")
      .option("--model", model, "its name, where several models have such files")
      .option("--pieces", pieces, "SentencePiece's vocabulary, of a model that does not read bytes")
      .option("--frozen", frozen, "do not learn while reading")
      .option("--dynamic", dynamic,
              "learn by dynamic evaluation, whatever the model was trained to")
      .option("--fast", fast,
              "parts of the names of what learns by dynamic evaluation; all that can if none")
      .option("--rate", rate, support::range::rate_or_none,
              "of the steps while reading; 0 for the usual one of the model")
      .option("--device", device, support::device_help);
}

void Choice::expect_sound() const {
  if (frozen && dynamic) throw RangeError("--frozen and --dynamic cannot be combined");
  if (frozen && rate > 0) throw RangeError("--frozen and --rate cannot be combined");
  if (!dynamic && !fast.empty()) throw RangeError("--fast needs --dynamic");
}

std::string Facts::words() const {
  std::string words = name + " of " + file;
  if (learning == "none") return words + " reads without learning";
  return words + " learns by " + learning + " at rate " + decimal(rate);
}

support::Report Facts::report() const {
  support::Report report;
  return report.set("name", name)
      .set("file", file)
      .set("spec", spec)
      .set("parameters", parameters)
      .set("learning", learning)
      .set("rate", rate);
}

std::unique_ptr<AnyModel> open(const Choice& choice) {
  choice.expect_sound();
  const std::filesystem::path path =
      choice.file.empty()
          ? std::filesystem::path(support::models_folder()) / "bookkeeper.safetensors"
          : std::filesystem::path(choice.file);
  const file::Archive archive = file::read(path);
  if (archive.tensors().contains("adamw.steps")) {
    throw RangeError("--model-file: " + path.string() + " is a checkpoint, not a model file");
  }
  std::vector<std::string_view> candidates;
  for_each_known([&]<class Model>(const Known<Model>& model) {
    if (fits<Model>(archive)) candidates.push_back(model.name);
  });
  const std::string name = chosen(choice, archive, candidates);
  const bool plain = recipe_of(archive).find(", objective plain,") != std::string::npos;

  std::unique_ptr<AnyModel> opened;
  for_each_known([&]<class Model>(const Known<Model>& model) {
    if (model.name != name) return;
    opened = typed<Model>({.choice = choice,
                           .archive = archive,
                           .facts = {.name = name,
                                     .file = path.string(),
                                     .spec = archive.text("spec"),
                                     .vocab = Model::spec.vocab,
                                     .parameters = parameters_of(archive)},
                           .rate = plain ? 0 : model.rate});
  });
  return opened;
}

}  // namespace models
