// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/file/archive.hpp>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace support {

/// The tensors of safetensors files together: of those that are named, and, where one ends in
/// .json, of those beside it that it names, which is the index of a model in several files.
///
/// \throws ttt::FileError, FormatError, naming the file, if one cannot be read, is not well formed,
///         or has a tensor that another has; RangeError, naming the option, if none is named
[[nodiscard]] ttt::file::Archive read_shards(std::string_view option,
                                             const std::vector<std::string>& paths);

/// The files that an index names, in the order of their names, with the folder of the index.
///
/// \throws ttt::FileError, FormatError, naming the index, if it cannot be read or is none.
[[nodiscard]] std::vector<std::filesystem::path> shards_of(const std::filesystem::path& index);

}  // namespace support
