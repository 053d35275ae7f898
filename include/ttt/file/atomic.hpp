// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>

#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <filesystem>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace ttt::file {

namespace detail {

/// Throws FileError for `path` with the reason in errno.
[[noreturn]] inline void refuse_file(std::string_view operation, const std::filesystem::path& path,
                                     std::string_view what) {
  const int reason = errno;
  std::ostringstream message;
  message << operation << ": " << path.string() << ": " << what << ": "
          << std::generic_category().message(reason);
  throw FileError(message.str());
}

/// An open file that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }

  [[nodiscard]] bool open() const { return number_ >= 0; }
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

/// A file of its own name in `folder`, removed again unless it is renamed.
class Temporary {
 public:
  /// Opens nothing, with the reason in errno, if the folder takes no new file.
  Temporary(const Descriptor& folder, mode_t permissions)
      : folder_(folder), file_(create(permissions)) {}
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() {
    if (file_.open() && !renamed_) ::unlinkat(folder_.number(), name_.c_str(), 0);
  }

  [[nodiscard]] const Descriptor& file() const { return file_; }

  [[nodiscard]] bool rename(const std::string& name) {
    renamed_ = ::renameat(folder_.number(), name_.c_str(), folder_.number(), name.c_str()) == 0;
    return renamed_;
  }

 private:
  /// The process makes the name its own, and O_EXCL settles what two threads or machines contend
  /// for: the loser tries the next name.
  int create(mode_t permissions) {
    for (unsigned attempt = 0;; ++attempt) {
      name_ = ".ttt-" + std::to_string(::getpid()) + '-' + std::to_string(attempt) + ".tmp";
      const int number = ::openat(folder_.number(), name_.c_str(),
                                  O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, permissions);
      if (number >= 0 || errno != EEXIST) return number;
    }
  }

  const Descriptor& folder_;
  std::string name_;
  Descriptor file_;
  bool renamed_ = false;
};

}  // namespace detail

/// Replaces the file at `path` by `bytes`, whole or not at all.
///
/// The bytes are on the disk before the file takes its name. A symbolic link at `path` is replaced
/// and not followed; a file that was there keeps its permissions.
///
/// \throws FileError if anything fails. What was there before is then untouched and no other file
///         is left, unless the folder cannot be synced: then the new file stands, but may not
///         outlast a power cut.
inline void write_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  const auto require = [&](bool done, const char* what) {
    if (!done) detail::refuse_file("write", path, what);
  };
  const std::string name = path.filename().string();
  const std::filesystem::path parent = path.has_parent_path() ? path.parent_path() : ".";
  const detail::Descriptor folder(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  require(folder.open(), "cannot open the folder");

  struct stat old {};
  const bool replaces = ::fstatat(folder.number(), name.c_str(), &old, AT_SYMLINK_NOFOLLOW) == 0;
  require(replaces || errno == ENOENT, "cannot look up the file");
  if (replaces && !S_ISREG(old.st_mode) && !S_ISLNK(old.st_mode)) {
    throw FileError("write: " + path.string() + ": not a regular file");
  }
  const bool keeps = replaces && S_ISREG(old.st_mode);
  const mode_t permissions = keeps ? old.st_mode & 0777U : 0666U;

  detail::Temporary temporary(folder, permissions);
  require(temporary.file().open(), "cannot create a temporary file");
  const int file = temporary.file().number();
  require(!keeps || ::fchmod(file, permissions) == 0, "cannot set the permissions");
  while (!bytes.empty()) {
    errno = EIO;  // the reason if nothing is written and none is given
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    require(written > 0, "cannot write");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  require(::fsync(file) == 0, "cannot sync the file");
  require(temporary.rename(name), "cannot rename the temporary file");
  require(::fsync(folder.number()) == 0, "cannot sync the folder");
}

/// The bytes of the file at `path`.
///
/// \throws FileError if it is not a regular file that can be read to its end
[[nodiscard]] inline std::vector<std::byte> read_bytes(const std::filesystem::path& path) {
  const auto require = [&](bool done, const char* what) {
    if (!done) detail::refuse_file("read", path, what);
  };
  // O_NONBLOCK: a pipe is refused below and must not be waited for.
  const detail::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  require(file.open(), "cannot open the file");
  struct stat status {};
  require(::fstat(file.number(), &status) == 0, "cannot look up the file");
  if (!S_ISREG(status.st_mode)) throw FileError("read: " + path.string() + ": not a regular file");

  std::vector<std::byte> bytes(static_cast<std::size_t>(status.st_size));
  std::span<std::byte> left(bytes);
  while (!left.empty()) {
    const ssize_t got = ::read(file.number(), left.data(), left.size());
    if (got < 0 && errno == EINTR) continue;
    require(got >= 0, "cannot read");
    if (got == 0) throw FileError("read: " + path.string() + ": the file shrank while it was read");
    left = left.subspan(static_cast<std::size_t>(got));
  }
  return bytes;
}

}  // namespace ttt::file
