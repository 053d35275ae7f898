// SPDX-License-Identifier: Apache-2.0
#include <ttt/data/files.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <unistd.h>

namespace {

using namespace ttt;
namespace fs = std::filesystem;

/// A folder that lives as long as the test case.
class Folder {
 public:
  explicit Folder(const std::string& name = "files")
      : path_(fs::temp_directory_path() / ("ttt_" + name + '.' + std::to_string(::getpid()))) {
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }

  [[nodiscard]] fs::path write(const fs::path& name, std::string_view text) const {
    const fs::path file = path_ / name;
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
    return file;
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

TEST_SUITE("data") {
  TEST_CASE("read_text returns every byte of a file longer than its buffer") {
    std::string text;
    for (int i = 0; i < 200'000; ++i) text.push_back(static_cast<char>(i % 251));
    const Folder folder;
    CHECK(data::read_text(folder.write("long", text)) == text);
  }

  TEST_CASE("read_corpus reads a file as one document under its name") {
    const Folder folder;
    CHECK(data::read_corpus(folder.write("emma.txt", "Emma\r\n")) ==
          data::Corpus{{"emma.txt", "Emma\r\n"}});
  }

  TEST_CASE("read_corpus reads a folder by the order of its paths") {
    const Folder folder;
    (void)folder.write("b.txt", "2");
    (void)folder.write("c/d.txt", "3");
    (void)folder.write("a.txt", "1");
    (void)folder.write("empty.txt", "");
    (void)folder.write(".hidden/e.txt", "4");
    CHECK(data::read_corpus(folder.path()) ==
          data::Corpus{{"a.txt", "1"}, {"b.txt", "2"}, {"c/d.txt", "3"}});
  }

  TEST_CASE("read_corpus follows links to files and to folders") {
    const Folder corpus;
    const Folder disk("disk");
    (void)corpus.write("a.txt", "1");
    (void)disk.write("books/b.txt", "2");
    (void)disk.write("books/more/c.txt", "3");
    (void)disk.write("d", "4");
    fs::create_directory_symlink(disk.path() / "books", corpus.path() / "linked");
    fs::create_symlink(disk.path() / "d", corpus.path() / "d.txt");
    CHECK(data::read_corpus(corpus.path()) ==
          data::Corpus{
              {"a.txt", "1"}, {"d.txt", "4"}, {"linked/b.txt", "2"}, {"linked/more/c.txt", "3"}});
    fs::create_directory_symlink(corpus.path(), disk.path() / "corpus");
    CHECK(data::read_corpus(disk.path() / "corpus") == data::read_corpus(corpus.path()));
  }

  TEST_CASE("read_corpus reads a folder once, however many links lead to it or back") {
    const Folder corpus;
    const Folder disk("disk");
    (void)corpus.write("z/a.txt", "1");
    (void)disk.write("b.txt", "2");
    fs::create_directory_symlink(corpus.path() / "z", corpus.path() / "another_z");
    fs::create_directory_symlink(corpus.path(), corpus.path() / "z/up");
    fs::create_directory_symlink(disk.path(), corpus.path() / "one");
    fs::create_directory_symlink(disk.path(), corpus.path() / "two");
    fs::create_directory_symlink(corpus.path(), disk.path() / "back");
    CHECK(data::read_corpus(corpus.path()) == data::Corpus{{"one/b.txt", "2"}, {"z/a.txt", "1"}});
  }

  TEST_CASE("a link in a corpus that leads nowhere is refused by name") {
    const Folder folder;
    (void)folder.write("a.txt", "1");
    fs::create_symlink("missing", folder.path() / "b.txt");
    const std::string message = "read_corpus: a link must lead to a file or a folder, got " +
                                (folder.path() / "b.txt").string();
    CHECK_THROWS_WITH_AS((void)data::read_corpus(folder.path()), message.c_str(), FileError);
  }

  TEST_CASE("a missing file is refused by name") {
    const Folder folder;
    const fs::path missing = folder.path() / "missing";
    const std::string message = "read_text: path must be a readable file, got " + missing.string();
    CHECK_THROWS_WITH_AS((void)data::read_text(missing), message.c_str(), FileError);
    CHECK_THROWS_WITH_AS((void)data::read_corpus(missing), message.c_str(), FileError);
    CHECK_THROWS_AS((void)data::read_text(folder.path()), FileError);
  }

  TEST_CASE("a path without any text is refused") {
    const Folder folder;
    (void)folder.write("empty.txt", "");
    const std::string message =
        "read_corpus: path must hold a text, got none in " + folder.path().string();
    CHECK_THROWS_WITH_AS((void)data::read_corpus(folder.path()), message.c_str(), FormatError);
  }
}

}  // namespace
