// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "cell.hpp"
#include "list.hpp"

namespace compare {

/// Where cells and checkpoints are.
struct Folder {
  std::filesystem::path path;

  [[nodiscard]] std::filesystem::path cells() const { return path / "cells"; }
  [[nodiscard]] std::filesystem::path cell(const std::string& name, std::uint64_t seed) const {
    return cells() / (name + ".seed" + std::to_string(seed) + ".json");
  }
  [[nodiscard]] std::filesystem::path checkpoint(const System& system, std::uint64_t seed) const {
    return path / "training" /
           (std::string(system.identity.name) + ".seed" + std::to_string(seed) + ".checkpoint");
  }

  /// Removes cells and checkpoints of some systems, under any seed.
  void clear(const std::vector<System>& systems) const {
    const auto remove = [](const std::filesystem::path& folder, const std::string& name) {
      if (!std::filesystem::is_directory(folder)) return;
      std::vector<std::filesystem::path> files;
      for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().filename().string().starts_with(name + ".seed")) {
          files.push_back(entry.path());
        }
      }
      for (const auto& file : files) std::filesystem::remove(file);
    };
    for (const System& system : systems) {
      remove(path / "training", std::string(system.identity.name));
      for (const Reading& reading : system.readings) remove(cells(), reading.name);
    }
  }

  /// The files of all cells, in the order of their names.
  [[nodiscard]] std::vector<std::filesystem::path> cell_files() const {
    if (!std::filesystem::is_directory(cells())) {
      throw FileError("--report: " + path.string() + " must have a folder of cells");
    }
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(cells())) {
      if (entry.path().extension() == ".json") files.push_back(entry.path());
    }
    std::ranges::sort(files);
    return files;
  }

  /// All cells, in the order of their files.
  [[nodiscard]] std::vector<Cell> read() const {
    const std::vector<std::filesystem::path> files = cell_files();
    std::vector<Cell> all;
    all.reserve(files.size());
    for (const auto& file : files) all.push_back(read_cell(file));
    return all;
  }
};

}  // namespace compare
