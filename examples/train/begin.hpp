// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>
#include <ttt/file/safetensors.hpp>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "settings.hpp"

/// What is refused before a run begins.
namespace training {

using namespace ttt;

/// Throws RangeError if the run would take the place of another's files without being told to.
inline void expect_no_overwriting(const Settings& settings) {
  if (settings.resume && settings.overwrite) {
    throw RangeError("--resume and --overwrite cannot be combined");
  }
  const auto is_there = [](const std::string& path) {
    return !path.empty() && std::filesystem::exists(path);
  };
  const std::string checkpoint = settings.checkpoint_path();
  if (settings.overwrite || (settings.resume && is_there(checkpoint))) return;
  if (settings.resume) {  // from the beginning: a run may have been stopped before its checkpoint
    if (!is_there(settings.out)) return;
    throw RangeError(settings.out + " is there already, but not " + checkpoint +
                     ", with which --resume would go on; --overwrite replaces it");
  }
  for (const std::string& path : {settings.out, checkpoint, settings.log}) {
    if (!is_there(path)) continue;
    throw RangeError(path +
                     " is there already; --resume goes on with its checkpoint, --overwrite "
                     "replaces it");
  }
}

/// The settings of a recipe, each with its name.
inline std::vector<std::string> settings_of(const std::string& recipe) {
  std::vector<std::string> settings;
  for (std::size_t begin = 0; begin <= recipe.size();) {
    const std::size_t end = std::min(recipe.find(", ", begin), recipe.size());
    settings.push_back(recipe.substr(begin, end - begin));
    begin = end + 2;
  }
  return settings;
}

/// The settings in which two recipes differ: "steps 300, not steps 500".
inline std::string difference(const std::string& made_by, const std::string& wanted) {
  const auto only_in = [](const std::string& one, const std::string& other) {
    const std::vector<std::string> others = settings_of(other);
    std::string words;
    for (const std::string& setting : settings_of(one)) {
      if (std::ranges::find(others, setting) != others.end()) continue;
      words += (words.empty() ? "" : ", ") + setting;
    }
    return words.empty() ? std::string("nothing else") : words;
  };
  return only_in(made_by, wanted) + "; of this run: " + only_in(wanted, made_by);
}

/// Throws RangeError unless a checkpoint was made by the recipe that goes on with it.
inline void expect_same_recipe(const std::string& checkpoint, const std::string& made_by,
                               const std::string& wanted) {
  if (made_by == wanted) return;
  throw RangeError("--resume: other settings than those of the checkpoint. Of " + checkpoint +
                   ": " + difference(made_by, wanted));
}

/// Throws RangeError if --start is given a checkpoint.
inline void expect_model_file(const std::string& start) {
  if (file::read(start).tensors().contains("adamw.steps")) {
    throw RangeError("--start: " + start +
                     " is a checkpoint, not a model file; --checkpoint with --resume goes on with "
                     "it");
  }
}

}  // namespace training
