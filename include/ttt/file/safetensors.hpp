// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/file/archive.hpp>
#include <ttt/file/atomic.hpp>
#include <ttt/file/parse.hpp>
#include <ttt/file/serialise.hpp>

#include <filesystem>

namespace ttt::file {

/// The archive in a safetensors file.
///
/// \throws FileError   if the file cannot be read
/// \throws FormatError if it is not a well-formed safetensors file
[[nodiscard]] inline Archive read(const std::filesystem::path& path) {
  return parse(read_bytes(path), path.string());
}

/// Puts `archive` into a safetensors file, whole or not at all.
///
/// \throws FileError if the file cannot be written; what was there before is then untouched
inline void write(const std::filesystem::path& path, const Archive& archive) {
  write_atomically(path, serialise(archive));
}

}  // namespace ttt::file
