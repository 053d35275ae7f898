// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <span>
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
  throw FileError(std::string(operation) + ": " + path.string() + ": " + std::string(what) + ": " +
                  std::generic_category().message(reason));
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

/// Throws FileError, with the reason in errno, unless a step of writing `path` is done.
inline void require_written(const std::filesystem::path& path, bool done, std::string_view what) {
  if (!done) refuse_file("write", path, what);
}

/// The number of the open descriptor that a path such as /proc/self/fd/1 names.
inline std::optional<int> descriptor_named(const std::filesystem::path& path) {
  const std::filesystem::path folder = path.parent_path();
  if (folder != "/proc/self/fd" && folder != "/dev/fd") return std::nullopt;
  const std::string name = path.filename().string();
  int number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

/// Where a chain of symbolic links that begins at `path` ends, whether or not a file is there.
///
/// A descriptor of this process is an end: what /proc says that it links to may be no path.
inline std::filesystem::path follow_links(const std::filesystem::path& path) {
  constexpr int longest_chain = 40;  // as in the Linux kernel
  std::filesystem::path end = path;
  std::error_code error;
  for (int links = 0; !descriptor_named(end) && std::filesystem::is_symlink(end, error); ++links) {
    errno = ELOOP;
    require_written(path, links < longest_chain, "cannot follow the link");
    const std::filesystem::path target = std::filesystem::read_symlink(end, error);
    errno = error.value();
    require_written(path, !error, "cannot follow the link");
    end = end.parent_path() / target;
  }
  return end;
}

/// Writes all of `bytes` to an open file.
inline void write_all(const std::filesystem::path& path, const Descriptor& file,
                      std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    errno = EIO;  // the reason if nothing is written and none is given
    const ssize_t written = ::write(file.number(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    require_written(path, written > 0, "cannot write");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

/// Replaces what `name` is in `folder` by a regular file, which keeps the permissions of `old`.
inline void replace(const std::filesystem::path& path, const Descriptor& folder,
                    const std::string& name, const struct stat* old,
                    std::span<const std::byte> bytes) {
  const auto require = [&](bool done, const char* what) { require_written(path, done, what); };
  const mode_t permissions = old != nullptr ? old->st_mode & 0777U : 0666U;
  Temporary temporary(folder, permissions);
  require(temporary.file().open(), "cannot create a temporary file");
  require(old == nullptr || ::fchmod(temporary.file().number(), permissions) == 0,
          "cannot set the permissions");
  write_all(path, temporary.file(), bytes);
  require(::fsync(temporary.file().number()) == 0, "cannot sync the file");
  require(temporary.rename(name), "cannot rename the temporary file");
  require(::fsync(folder.number()) == 0, "cannot sync the folder");
}

}  // namespace detail

/// Replaces the file at `path` by `bytes`, whole or not at all.
///
/// The bytes are on the disk before the file takes its name. A symbolic link stays, and the file
/// that it leads to is replaced, or made, in that file's folder. A file that was there keeps its
/// permissions. What is no regular file, such as a pipe, a terminal or /dev/stdout, stays what it
/// is and takes the bytes one after another.
///
/// \throws FileError if anything fails. A file that was there is then untouched and no other file
///         is left, unless the folder cannot be synced: then the new file stands, but may not
///         outlast a power cut.
inline void write_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  const auto require = [&](bool done, const char* what) {
    detail::require_written(path, done, what);
  };
  const std::filesystem::path end = detail::follow_links(path);
  if (const std::optional<int> number = detail::descriptor_named(end)) {
    const detail::Descriptor file(::fcntl(*number, F_DUPFD_CLOEXEC, 0));
    require(file.open(), "cannot open the file");
    detail::write_all(path, file, bytes);
    return;
  }
  const std::string name = end.filename().string();
  const std::filesystem::path parent = end.has_parent_path() ? end.parent_path() : ".";
  const detail::Descriptor folder(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  require(folder.open(), "cannot open the folder");

  struct stat old {};
  const bool exists = ::fstatat(folder.number(), name.c_str(), &old, AT_SYMLINK_NOFOLLOW) == 0;
  require(exists || errno == ENOENT, "cannot look up the file");
  if (exists && S_ISDIR(old.st_mode)) {
    throw FileError("write: " + path.string() + ": not a regular file");
  }
  if (exists && !S_ISREG(old.st_mode)) {
    const detail::Descriptor file(
        ::openat(folder.number(), name.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC));
    require(file.open(), "cannot open the file");
    detail::write_all(path, file, bytes);
    return;
  }
  detail::replace(path, folder, name, exists ? &old : nullptr, bytes);
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
