// SPDX-License-Identifier: Apache-2.0
#include "corpus.hpp"

#include <ttt/data/files.hpp>
#include <ttt/error.hpp>
#include <ttt/file/atomic.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <span>
#include <spawn.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "corpora/king_james.hpp"

namespace support {

namespace {

/// An open file of the operating system, closed once.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }

  void close() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

}  // namespace

std::string output_of(const std::vector<std::string>& command, const std::string& package) {
  const auto fail = [&](const std::string& what) {
    throw ttt::FileError(command.front() + ": " + what + " (Debian package " + package + ")");
  };
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail("a pipe must be free");
  Descriptor read_end(ends[0]);
  Descriptor write_end(ends[1]);

  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, write_end.number(), STDOUT_FILENO);
  pid_t child = 0;
  const int error =
      ::posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) fail("the program must be installed");
  write_end.close();

  std::string output;
  std::array<char, 65536> part{};
  for (;;) {
    const ssize_t size = ::read(read_end.number(), part.data(), part.size());
    if (size > 0) output.append(part.data(), static_cast<std::size_t>(size));
    if (size == 0 || (size < 0 && errno != EINTR)) break;
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (status != 0) fail("the program must succeed");
  return output;
}

ttt::data::Corpus read_texts(const std::vector<std::string>& paths) {
  ttt::data::Corpus all;
  for (const std::string& path : paths) {
    for (auto& document : ttt::data::read_corpus(path)) all.push_back(std::move(document));
  }
  return all;
}

ttt::data::Corpus king_james_corpus(const std::filesystem::path& file) {
  return corpora::king_james(file.empty()
                                 ? output_of({"bible", "-f", "gen1:1-rev22:21"}, "bible-kjv")
                                 : ttt::data::read_text(file));
}

ttt::data::Split king_james_split() {
  return ttt::data::hold_out(king_james_corpus(), corpora::king_james_held_out());
}

ttt::data::Corpus held_out_books(const std::string& first) {
  ttt::data::Corpus books = king_james_split().held_out;
  const auto chosen = std::ranges::find(books, first, &ttt::data::Document::title);
  if (chosen == books.end()) {
    throw ttt::RangeError("--book must be one that is held out, got " + first);
  }
  std::rotate(books.begin(), chosen, chosen + 1);
  return books;
}

ttt::data::Corpus austen_corpus(const std::filesystem::path& cache) {
  std::error_code error;
  std::filesystem::create_directories(cache, error);
  if (error) throw ttt::FileError("austen_corpus: cache must be a folder, got " + cache.string());

  ttt::data::Corpus corpus;
  for (const std::string title : {"sensesensibility", "prideprejudice", "mansfieldpark", "emma",
                                  "northangerabbey", "persuasion"}) {
    const std::filesystem::path file = cache / (title + ".txt");
    if (!std::filesystem::exists(file)) {
      const std::string text =
          output_of({"Rscript", "-e", "writeLines(janeaustenr::" + title + ", useBytes = TRUE)"},
                    "r-cran-janeaustenr");
      ttt::file::write_atomically(file, std::as_bytes(std::span(text)));
    }
    corpus.push_back({.title = title, .text = ttt::data::read_text(file)});
  }
  return corpus;
}

}  // namespace support
