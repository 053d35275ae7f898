// SPDX-License-Identifier: Apache-2.0
#include <ttt/learn/checkpoint.hpp>
#include <ttt/model/memory_file.hpp>
#include <ttt/ttt.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <numeric>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

// The programs of the documentation, each in a namespace; what they include is included above.
namespace first_program {
#include "../../docs/snippets/first_program.cpp"
}
namespace train {
#include "../../docs/snippets/train.cpp"
}
namespace dynamic_evaluation_of_any {
#include "../../docs/snippets/dynamic_evaluation.cpp"
}
namespace resume {
#include "../../docs/snippets/resume.cpp"
}
namespace inner_learner {
#include "../../docs/snippets/inner_learner.cpp"
}
namespace memory {
#include "../../docs/snippets/memory.cpp"
}

namespace {

using namespace ttt;

const std::filesystem::path source = std::filesystem::path(TTT_TEST_DATA) / "../..";

/// The files under a folder with that ending.
std::vector<std::filesystem::path> files(const std::filesystem::path& folder,
                                         const std::string& ending) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ending) found.push_back(entry.path());
  }
  REQUIRE(!found.empty());
  return found;
}

/// The Markdown of the documentation.
std::vector<std::filesystem::path> pages() {
  auto found = files(source / "docs", ".md");
  found.push_back(source / "README.md");
  return found;
}

/// What stands between `open` and the next `close`, each time.
std::vector<std::string> between(const std::string& text, const std::string& open,
                                 const std::string& close) {
  std::vector<std::string> found;
  for (std::size_t at = text.find(open); at != std::string::npos; at = text.find(open, at)) {
    at += open.size();
    found.push_back(text.substr(at, text.find(close, at) - at));
  }
  return found;
}

/// The text without its blocks of code.
std::string prose(std::string text) {
  for (std::size_t at = text.find("```"); at != std::string::npos; at = text.find("```", at)) {
    text.erase(at, text.find("```", at + 3) + 3 - at);
  }
  return text;
}

/// What a program prints, run in a folder of its own.
template <class Main>
std::string printed(Main main, const std::filesystem::path& folder) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder);
  std::ostringstream out;
  auto* const screen = std::cout.rdbuf(out.rdbuf());
  const int status = main();
  std::cout.rdbuf(screen);
  std::filesystem::current_path(before);
  CHECK(status == 0);
  return out.str();
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> found;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) found.push_back(line);
  return found;
}

/// A folder that is there for as long as the object.
struct Folder {
  std::filesystem::path path = std::filesystem::temp_directory_path() / "ttt_docs_snippets";

  Folder() {
    std::filesystem::remove_all(path);
    std::filesystem::create_directory(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
};

TEST_SUITE("docs") {
  TEST_CASE("every C++ block of the documentation stands in a compiled file") {
    std::string compiled;
    for (const auto& file : files(source / "docs/snippets", ".cpp"))
      compiled += data::read_text(file);
    for (const auto& page : pages()) {
      CAPTURE(page);
      const std::string text = data::read_text(page);
      for (const std::string& block : between(text, "```cpp\n", "```")) {
        CAPTURE(block);
        CHECK(compiled.find(block) != std::string::npos);
      }
    }
  }

  TEST_CASE("every file that the documentation names or links to is there") {
    for (const auto& page : pages()) {
      CAPTURE(page);
      const std::string text = prose(data::read_text(page));
      for (const std::string& link : between(text, "](", ")")) {
        CAPTURE(link);
        if (link.find("://") == std::string::npos) {
          CHECK(std::filesystem::exists(page.parent_path() / link.substr(0, link.find('#'))));
        }
      }
      for (const char* folder : {"include/", "tests/", "examples/", "docs/", "cmake/", "bench/"}) {
        for (const std::string& rest : between(text, std::string("`") + folder, "`")) {
          CAPTURE(rest);
          CHECK(std::filesystem::exists(source / (folder + rest)));
        }
      }
    }
  }

  TEST_CASE("the first program reads, generates and goes back") {
    const Folder folder;
    const std::string out = printed(first_program::main, folder.path);
    CHECK(out.starts_with("nats a byte: 5.5"));  // log 256: it knows nothing yet
    CHECK(out.find("31 tokens read, ") != std::string::npos);
  }

  TEST_CASE("the training programs learn and go on") {
    const Folder folder;
    std::string book;
    for (int i = 0; i < 40; ++i) book += "and he said unto them, ";
    std::ofstream(folder.path / "book.txt") << book;
    const std::vector<std::string> begun = lines(printed(train::main, folder.path));
    REQUIRE(begun.size() == 100);
    CHECK(std::stod(begun.front().substr(3)) > 5);
    CHECK(std::stod(begun.back().substr(4)) < 3);
    const std::vector<std::string> gone_on = lines(printed(resume::main, folder.path));
    REQUIRE(gone_on.size() == 21);
    CHECK(gone_on.front().starts_with("100: "));
    CHECK(gone_on.back() == "256 symbols");
  }

  TEST_CASE("a model that was trained to nothing pays less where it learns what it reads") {
    const Folder folder;
    std::istringstream nats(printed(dynamic_evaluation_of_any::main, folder.path));
    double frozen = 0;
    double all = 0;
    double some = 0;
    nats >> frozen >> all >> some;
    CHECK(all > 0);
    CHECK(all < frozen - 0.1);
    CHECK(some < frozen - 0.1);
  }

  TEST_CASE("a memory read back goes on bit for bit") {
    const Folder folder;
    CHECK(printed(memory::main, folder.path) == "true\n");
  }
}

}  // namespace
