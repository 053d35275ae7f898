// SPDX-License-Identifier: Apache-2.0
#include "files.hpp"

#include <ttt/data/files.hpp>
#include <ttt/error.hpp>

#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace support {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void refuse(std::string_view option, const fs::path& path, const std::string& reason) {
  throw ttt::FileError(std::string(option) + ": " + path.string() + ": " + reason);
}

std::string reason_of(int error) { return std::generic_category().message(error); }

/// Makes a file in the folder and removes it again; 0, or what errno said.
int try_new_file(const fs::path& folder) {
  const fs::path file = folder / (".ttt-" + std::to_string(::getpid()) + "-probe.tmp");
  const int number = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (number < 0) return errno;
  ::close(number);
  ::unlink(file.c_str());
  return 0;
}

}  // namespace

void expect_writable(std::string_view option, const fs::path& path) {
  std::error_code missing;
  const fs::file_status status = fs::status(path, missing);
  if (fs::is_directory(status)) refuse(option, path, "must be a file, and is a folder");
  if (fs::exists(status) && ::access(path.c_str(), W_OK) != 0) {
    refuse(option, path, reason_of(errno));
  }
  if (fs::exists(status) && !fs::is_regular_file(status)) return;  // nothing takes its place
  const fs::path parent = path.has_parent_path() ? path.parent_path() : ".";
  const int error = try_new_file(parent);
  if (error != 0) refuse(option, path, "no file can be made there: " + reason_of(error));
}

void make_folder(std::string_view option, const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) refuse(option, path, "must be a folder: " + error.message());
  const int refused = try_new_file(path);
  if (refused != 0) refuse(option, path, "no file can be made there: " + reason_of(refused));
}

std::string models_folder() {
  std::string inside = "examples/models";
  std::error_code ignored;
#ifdef TTT_MODELS
  if (!fs::is_directory(inside, ignored) && fs::is_directory(TTT_MODELS, ignored)) {
    return TTT_MODELS;
  }
#endif
  return inside;
}

fs::path model_file(const fs::path& folder, const std::string& name) {
  std::error_code ignored;
  if (!fs::exists(folder / name, ignored)) {
    refuse("--models", folder,
           "has no " + name + "; the option names the folder of the model files, examples/models");
  }
  return folder / name;
}

ttt::data::Document one_text(std::string_view option, const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) refuse(option, path, "must be a file, and is a folder");
  return ttt::data::read_corpus(path).front();
}

}  // namespace support
