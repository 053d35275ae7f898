// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace ttt::file {

/// What a file that is no safetensors file seems to be, by its first bytes; empty if unknown.
[[nodiscard]] inline std::string_view recognise(std::span<const std::byte> bytes) {
  using namespace std::string_view_literals;
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 11> beginnings{{
      {"version https://git-lfs."sv,
       "a Git LFS pointer in place of the file, which `git lfs pull` fetches"sv},
      {"PK\x03\x04"sv, "a zip archive, as torch.save writes"sv},
      {"\x80\x02"sv, "a Python pickle, as older versions of torch.save write"sv},
      {"GGUF"sv, "a GGUF file"sv},
      {"\x89HDF"sv, "an HDF5 file"sv},
      {"\x93NUMPY"sv, "a NumPy array"sv},
      {"\x1f\x8b"sv, "a gzip file, which must be unpacked first"sv},
      {"<!doctype html"sv, "an HTML page"sv},
      {"<html"sv, "an HTML page"sv},
      {"{\""sv, "JSON text"sv},
      {"{\n"sv, "JSON text"sv},
  }};
  std::string front;
  for (const std::byte byte : bytes.first(std::min<std::size_t>(bytes.size(), 64))) {
    const char c = static_cast<char>(byte);
    if (front.empty() && (c == ' ' || c == '\t' || c == '\r' || c == '\n')) continue;
    front += c;
  }
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  for (const auto& [beginning, kind] : beginnings) {
    const bool page = beginning.front() == '<';
    const bool same =
        std::ranges::equal(beginning, std::string_view(front).substr(0, beginning.size()), {}, {},
                           [&](char c) { return page ? lower(c) : c; });
    if (same) return kind;
  }
  return {};
}

}  // namespace ttt::file
