// SPDX-License-Identifier: Apache-2.0
#include "shards.hpp"

#include <ttt/data/files.hpp>
#include <ttt/error.hpp>
#include <ttt/file/safetensors.hpp>

#include <nlohmann/json.hpp>
#include <set>
#include <utility>

namespace support {

namespace fs = std::filesystem;

std::vector<fs::path> shards_of(const fs::path& index) {
  const auto refuse = [&](const std::string& what) {
    throw ttt::FormatError("read: " + index.string() + ": " + what);
  };
  const auto json = nlohmann::json::parse(ttt::data::read_text(index), nullptr, false);
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object() ||
      json["weight_map"].empty()) {
    refuse("must be an index with a \"weight_map\" of tensors and files");
  }
  std::set<fs::path> files;
  for (const auto& [tensor, file] : json["weight_map"].items()) {
    const fs::path name = file.is_string() ? file.get<std::string>() : "";
    if (name.empty() || name != name.filename()) {
      refuse("the file of \"" + tensor + "\" must be a name beside the index, got " + file.dump());
    }
    files.insert(index.parent_path() / name);
  }
  return {files.begin(), files.end()};
}

ttt::file::Archive read_shards(std::string_view option, const std::vector<std::string>& paths) {
  std::vector<fs::path> files;
  for (const fs::path path : paths) {
    const bool index = path.extension() == ".json";
    const std::vector<fs::path> more = index ? shards_of(path) : std::vector{path};
    files.insert(files.end(), more.begin(), more.end());
  }
  if (files.empty()) throw ttt::RangeError(std::string(option) + " must name a file, got none");

  std::string origin;
  for (const fs::path& file : files) origin += (origin.empty() ? "" : ", ") + file.string();
  ttt::file::Archive all(std::move(origin));
  for (const fs::path& file : files) all.merge(ttt::file::read(file));
  return all;
}

}  // namespace support
