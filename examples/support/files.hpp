// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/data/corpus.hpp>

#include <filesystem>
#include <string>
#include <string_view>

namespace support {

/// Throws FileError, which names the option, unless a file can be written at `path`. What is there
/// is left as it is.
///
/// A program calls it before it begins to work, so that nothing is computed that cannot be kept.
void expect_writable(std::string_view option, const std::filesystem::path& path);

/// Makes a folder, if it is not there, that files can be written into.
///
/// \throws ttt::FileError, which names the option, if that cannot be.
void make_folder(std::string_view option, const std::filesystem::path& path);

/// The folder of the models that come with this repository: `examples/models` where a program runs
/// inside the repository, otherwise that of the source tree that the program was built from.
[[nodiscard]] std::string models_folder();

/// A model file in the folder of the option --models.
///
/// \throws ttt::FileError, which names that option, if it is not there.
[[nodiscard]] std::filesystem::path model_file(const std::filesystem::path& folder,
                                               const std::string& name);

/// The text of a file that is given to an option.
///
/// \throws ttt::FileError if it cannot be read, or is a folder, which may hold several; FormatError
///         if it is empty.
[[nodiscard]] ttt::data::Document one_text(std::string_view option,
                                           const std::filesystem::path& path);

}  // namespace support
