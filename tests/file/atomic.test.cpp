// SPDX-License-Identifier: Apache-2.0
#include <ttt/file/atomic.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <dlfcn.h>
#include <fcntl.h>
#include <file/files.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

/// What a system call of this program does instead of its work.
struct Fault {
  int error = 0;            ///< fail with this reason; 0 does not fail
  std::size_t at_most = 0;  ///< bytes that one call takes; 0 sets no limit
  int calls_before = 0;     ///< how many succeed first
  int failures = 1000;      ///< how many fail then
};

thread_local Fault fault_in_write;
thread_local Fault fault_in_fsync;
thread_local Fault fault_in_rename;

bool strikes(Fault& fault) {
  if (fault.error == 0 || fault.calls_before-- > 0 || fault.failures-- <= 0) return false;
  errno = fault.error;
  return true;
}

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" ssize_t write(int file, const void* bytes, std::size_t size) {
  static const auto real = next<ssize_t(int, const void*, std::size_t)>("write");
  if (strikes(fault_in_write)) return -1;
  const std::size_t limit = fault_in_write.at_most;
  return real(file, bytes, limit == 0 ? size : std::min(size, limit));
}

extern "C" int fsync(int file) {
  static const auto real = next<int(int)>("fsync");
  return strikes(fault_in_fsync) ? -1 : real(file);
}

extern "C" int renameat(int from_folder, const char* from, int to_folder, const char* to) noexcept {
  static const auto real = next<int(int, const char*, int, const char*)>("renameat");
  return strikes(fault_in_rename) ? -1 : real(from_folder, from, to_folder, to);
}

namespace {

using namespace ttt;
using namespace ttt::file;
namespace fs = std::filesystem;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

std::string text_in(const fs::path& path) {
  const std::vector<std::byte> bytes = read_bytes(path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Gives `fault` its value for one scope.
class Inject {
 public:
  Inject(Fault& fault, Fault value) : fault_(fault) { fault_ = value; }
  Inject(const Inject&) = delete;
  Inject& operator=(const Inject&) = delete;
  ~Inject() { fault_ = {}; }

 private:
  Fault& fault_;
};

/// Writing over an old file fails for this reason and leaves the folder as it was.
void check_untouched(const std::string& reason) {
  const Folder folder;
  const fs::path path = folder / "model";
  fault_in_write.calls_before += 1;
  fault_in_fsync.calls_before += 2;
  fault_in_rename.calls_before += 1;
  write_atomically(path, bytes_of("old"));
  CHECK_THROWS_WITH_AS(write_atomically(path, bytes_of("new and longer")),
                       ("write: " + path.string() + ": " + reason).c_str(), FileError);
  CHECK(folder.entries() == 1);
  CHECK(text_in(path) == "old");
}

TEST_SUITE("file") {
  TEST_CASE("bytes come back from a file, none and many") {
    const Folder folder;
    for (const std::size_t size : {0U, 1U, 5000U, 3'000'000U}) {
      std::vector<std::byte> bytes(size, std::byte{7});
      write_atomically(folder / "model", bytes);
      CHECK(read_bytes(folder / "model") == bytes);
      CHECK(folder.entries() == 1);
    }
  }

  TEST_CASE("a write that takes one byte at a time still writes all") {
    const Folder folder;
    const Inject slow(fault_in_write, {.at_most = 1});
    write_atomically(folder / "model", bytes_of("a whole file"));
    CHECK(text_in(folder / "model") == "a whole file");
  }

  TEST_CASE("a full disk leaves the old file and nothing else") {
    const Inject full(fault_in_write, {.error = ENOSPC});
    check_untouched("cannot write: No space left on device");
  }

  TEST_CASE("a disk that fills up half way leaves the old file and nothing else") {
    const Inject full(fault_in_write, {.error = ENOSPC, .at_most = 4, .calls_before = 1});
    check_untouched("cannot write: No space left on device");
  }

  TEST_CASE("a disk that cannot sync leaves the old file and nothing else") {
    const Inject broken(fault_in_fsync, {.error = EIO});
    check_untouched("cannot sync the file: Input/output error");
  }

  TEST_CASE("a rename that fails leaves the old file and nothing else") {
    const Inject refused(fault_in_rename, {.error = EACCES});
    check_untouched("cannot rename the temporary file: Permission denied");
  }

  TEST_CASE("a folder that cannot be synced is reported, and the new file stands") {
    const Folder folder;
    const fs::path path = folder / "model";
    const Inject broken(fault_in_fsync, {.error = EIO, .calls_before = 1});
    CHECK_THROWS_WITH_AS(
        write_atomically(path, bytes_of("new")),
        ("write: " + path.string() + ": cannot sync the folder: Input/output error").c_str(),
        FileError);
    CHECK(text_in(path) == "new");
    CHECK(folder.entries() == 1);
  }

  TEST_CASE("a write that a signal interrupts is taken up again") {
    const Folder folder;
    const Inject interrupted(fault_in_write, {.error = EINTR, .failures = 2});
    write_atomically(folder / "model", bytes_of("new"));
    CHECK(text_in(folder / "model") == "new");
  }

  TEST_CASE("a limit on the size of files leaves the old file and nothing else") {
    const Folder folder;
    const fs::path path = folder / "model";
    write_atomically(path, bytes_of("old"));
    rlimit old_limit{};
    ::getrlimit(RLIMIT_FSIZE, &old_limit);
    const rlimit low{.rlim_cur = 4096, .rlim_max = old_limit.rlim_max};
    const auto old_action = std::signal(SIGXFSZ, SIG_IGN);
    ::setrlimit(RLIMIT_FSIZE, &low);
    std::string message;
    try {
      write_atomically(path, std::vector<std::byte>(10'000));
    } catch (const FileError& error) {
      message = error.what();
    }
    ::setrlimit(RLIMIT_FSIZE, &old_limit);
    std::signal(SIGXFSZ, old_action);
    CHECK(message == "write: " + path.string() + ": cannot write: File too large");
    CHECK(folder.entries() == 1);
    CHECK(text_in(path) == "old");
  }

  TEST_CASE("a path that leads nowhere is refused") {
    const Folder folder;
    write_atomically(folder / "file", {});
    fs::create_directory(folder / "folder");
    const auto check_refused = [](const fs::path& path, const std::string& reason) {
      CHECK_THROWS_WITH_AS(write_atomically(path, bytes_of("new")),
                           ("write: " + path.string() + ": " + reason).c_str(), FileError);
    };
    check_refused(folder / "none/model", "cannot open the folder: No such file or directory");
    check_refused(folder / "file/model", "cannot open the folder: Not a directory");
    check_refused(folder / "folder", "not a regular file");
    check_refused("/dev/full", "cannot write: No space left on device");
    fs::create_symlink("circle", folder / "circle");
    check_refused(folder / "circle", "cannot follow the link: Too many levels of symbolic links");
    check_refused("/dev/fd/999", "cannot open the file: Bad file descriptor");
    check_refused(folder / std::string(300, 'n'), "cannot look up the file: File name too long");
    check_refused(folder / "", "cannot rename the temporary file: No such file or directory");
    CHECK(folder.entries() == 3);
  }

  TEST_CASE("a folder that takes no files is refused") {
    CHECK_THROWS_WITH_AS(
        write_atomically("/proc/self/model", bytes_of("new")),
        "write: /proc/self/model: cannot create a temporary file: No such file or directory",
        FileError);
  }

  TEST_CASE("a relative path is relative to the working folder") {
    const Folder folder;
    const fs::path here = fs::current_path();
    fs::current_path(folder / "");
    write_atomically("model", bytes_of("new"));
    fs::current_path(here);
    CHECK(text_in(folder / "model") == "new");
  }

  TEST_CASE("a file keeps its permissions") {
    const Folder folder;
    const fs::path path = folder / "model";
    write_atomically(path, bytes_of("old"));
    CHECK((fs::status(path).permissions() & fs::perms::others_exec) == fs::perms::none);
    for (const auto permissions : {fs::perms(0600), fs::perms(0666)}) {
      fs::permissions(path, permissions);
      write_atomically(path, bytes_of("new"));
      CHECK(fs::status(path).permissions() == permissions);
    }
  }

  TEST_CASE("a symbolic link stays, and the file that it leads to is replaced beside its own") {
    const Folder folder;
    fs::create_directory(folder / "disk");
    write_atomically(folder / "disk/target", bytes_of("old"));
    fs::permissions(folder / "disk/target", fs::perms(0600));
    fs::create_symlink("disk/second", folder / "first");
    fs::create_symlink(folder / "disk/target", folder / "disk/second");
    write_atomically(folder / "first", bytes_of("new"));
    CHECK(fs::is_symlink(folder / "first"));
    CHECK(fs::is_symlink(folder / "disk/second"));
    CHECK(fs::is_regular_file(fs::symlink_status(folder / "disk/target")));
    CHECK(text_in(folder / "disk/target") == "new");
    CHECK(fs::status(folder / "disk/target").permissions() == fs::perms(0600));
    CHECK(folder.entries() == 2);
  }

  TEST_CASE("a symbolic link to a file that is not there yet makes it there") {
    const Folder folder;
    fs::create_directory(folder / "disk");
    fs::create_symlink("disk/target", folder / "link");
    write_atomically(folder / "link", bytes_of("new"));
    CHECK(fs::is_symlink(folder / "link"));
    CHECK(text_in(folder / "disk/target") == "new");
  }

  TEST_CASE("a write through a link that fails leaves the old file and nothing else") {
    const Folder folder;
    write_atomically(folder / "target", bytes_of("old"));
    fs::create_symlink("target", folder / "link");
    const Inject full(fault_in_write, {.error = ENOSPC});
    CHECK_THROWS_WITH_AS(
        write_atomically(folder / "link", bytes_of("new")),
        ("write: " + (folder / "link").string() + ": cannot write: No space left on device")
            .c_str(),
        FileError);
    CHECK(text_in(folder / "target") == "old");
    CHECK(folder.entries() == 2);
  }

  TEST_CASE("a pipe takes the bytes and stays a pipe") {
    const Folder folder;
    const fs::path path = folder / "pipe";
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    std::string got;
    {
      const std::jthread reader([&] {
        std::ifstream in(path, std::ios::binary);
        got.assign(std::istreambuf_iterator<char>(in), {});
      });
      write_atomically(path, bytes_of("through the pipe"));
    }
    CHECK(got == "through the pipe");
    CHECK(fs::is_fifo(path));
    CHECK(folder.entries() == 1);
  }

  TEST_CASE("a device takes the bytes and stays a device, also through a link") {
    const Folder folder;
    fs::create_symlink("/dev/null", folder / "nowhere");
    write_atomically("/dev/null", bytes_of("gone"));
    write_atomically(folder / "nowhere", bytes_of("gone"));
    CHECK(fs::is_character_file("/dev/null"));
    CHECK(fs::is_symlink(folder / "nowhere"));
  }

  TEST_CASE("an open file takes the bytes where it stands, as /dev/stdout does") {
    const Folder folder;
    const fs::path path = folder / "output";
    const detail::Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    REQUIRE(::write(file.number(), "before ", 7) == 7);
    const std::string name = std::to_string(file.number());
    fs::create_symlink("/proc/self/fd/" + name, folder / "standard");
    write_atomically(folder / "standard", bytes_of("now "));
    write_atomically("/dev/fd/" + name, bytes_of("and now "));
    REQUIRE(::write(file.number(), "after", 5) == 5);
    CHECK(text_in(path) == "before now and now after");
    CHECK(fs::is_symlink(folder / "standard"));
  }

  TEST_CASE("writers at the same time leave one whole file") {
    const Folder folder;
    {
      std::vector<std::jthread> writers;
      for (int i = 0; i < 4; ++i) {
        writers.emplace_back([&, i] {
          const std::vector<std::byte> bytes(20'000, static_cast<std::byte>(i));
          for (int k = 0; k < 20; ++k) write_atomically(folder / "model", bytes);
        });
      }
    }
    const std::vector<std::byte> bytes = read_bytes(folder / "model");
    CHECK(bytes == std::vector(20'000, bytes.at(0)));
    CHECK(folder.entries() == 1);
  }

  TEST_CASE("what another process left lying is not taken over") {
    const Folder folder;
    const std::string left = ".ttt-" + std::to_string(::getpid()) + "-0.tmp";
    write_atomically(folder / left, bytes_of("another's"));
    write_atomically(folder / "model", bytes_of("new"));
    CHECK(text_in(folder / left) == "another's");
    CHECK(folder.entries() == 2);
  }

  TEST_CASE("what cannot be read is refused") {
    const Folder folder;
    ::mkfifo((folder / "pipe").c_str(), 0600);
    const auto check_refused = [](const fs::path& path, const std::string& reason) {
      CHECK_THROWS_WITH_AS(static_cast<void>(read_bytes(path)),
                           ("read: " + path.string() + ": " + reason).c_str(), FileError);
    };
    check_refused(folder / "none", "cannot open the file: No such file or directory");
    check_refused(folder / "", "not a regular file");
    check_refused(folder / "pipe", "not a regular file");
    check_refused("/dev/zero", "not a regular file");
  }
}

}  // namespace
