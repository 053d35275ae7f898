// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace ttt::file {

/// The bytes of a safetensors file with this header, whatever it says, and `data_size` zeros.
inline std::vector<std::byte> file_with(std::string_view header, std::size_t data_size = 0) {
  const std::uint64_t length = header.size();
  const auto front = std::as_bytes(std::span(&length, 1));
  const auto middle = std::as_bytes(std::span(header));
  std::vector<std::byte> bytes(front.begin(), front.end());
  bytes.insert(bytes.end(), middle.begin(), middle.end());
  bytes.resize(bytes.size() + data_size);
  return bytes;
}

/// A folder that lives as long as the test case.
class Folder {
 public:
  Folder()
      : path_(std::filesystem::temp_directory_path() / ("ttt_file." + std::to_string(::getpid()))) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }

  [[nodiscard]] std::filesystem::path operator/(std::string_view name) const {
    return path_ / name;
  }
  [[nodiscard]] std::size_t entries() const {
    const std::filesystem::directory_iterator all(path_);
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }

 private:
  std::filesystem::path path_;
};

}  // namespace ttt::file
