// SPDX-License-Identifier: Apache-2.0
#include "support/corpus.hpp"

#include <ttt/error.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

#include "corpora/king_james.hpp"
#include "recall/needles.hpp"

namespace {

namespace fs = std::filesystem;
using namespace std::literals;

/// Whether a program can be found.
bool installed(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::string_view folders = path != nullptr ? path : "";
  while (!folders.empty()) {
    const std::string_view folder = folders.substr(0, folders.find(':'));
    folders.remove_prefix(std::min(folders.size(), folder.size() + 1));
    if (fs::exists(fs::path(folder) / program)) return true;
  }
  return false;
}

TEST_SUITE("support") {
  TEST_CASE("a program's whole output is returned, and its arguments are words") {
    CHECK(support::output_of({"printf", "%s|", "a b", "$HOME"}, "coreutils") == "a b|$HOME|");
    CHECK(support::output_of({"head", "-c", "300000", "/dev/zero"}, "coreutils").size() == 300000);
  }

  TEST_CASE("a program that is missing or fails is named with its package") {
    CHECK_THROWS_WITH_AS((void)support::output_of({"no-such-program"}, "nothing"),
                         "no-such-program: the program must be installed (Debian package nothing)",
                         ttt::FileError);
    CHECK_THROWS_WITH_AS((void)support::output_of({"false"}, "coreutils"),
                         "false: the program must succeed (Debian package coreutils)",
                         ttt::FileError);
  }

  TEST_CASE("the King James Bible of a file is its books") {
    const fs::path path = fs::temp_directory_path() / ("ttt_kjv." + std::to_string(::getpid()));
    std::ofstream(path) << "Ge1:1 In the beginning\nExo1:1 Now these\n";
    CHECK(support::king_james_corpus(path) ==
          ttt::data::Corpus{{"Ge", "In the beginning\n"}, {"Exo", "Now these\n"}});
    fs::remove(path);
    CHECK_THROWS_AS((void)support::king_james_corpus(path), ttt::FileError);
  }

  TEST_CASE("the King James Bible of the program is 66 books, seven held out over 60 KB" *
            doctest::skip(!installed("bible"))) {
    const ttt::data::Corpus bible = support::king_james_corpus();
    CHECK(bible.size() == 66);
    std::size_t bytes = 0;
    for (const auto& book : bible) bytes += book.text.size();
    CHECK(bytes == 4'137'850);
    CHECK(bible.front().text.starts_with("In the beginning God created"));
    CHECK(bible.back().text.ends_with("be with you all. Amen.\n"));

    const auto [training, held_out] = ttt::data::hold_out(bible, corpora::king_james_held_out());
    CHECK(held_out.size() == 8);
    CHECK(training.size() == 58);
    CHECK(std::ranges::count_if(held_out,
                                [](const auto& book) { return book.text.size() > 60'000; }) == 7);
  }

  TEST_CASE("no held-out word of a key stands in the King James Bible" *
            doctest::skip(!installed("bible"))) {
    std::set<std::string> words{""};
    for (const auto& book : support::king_james_corpus()) {
      std::string word;
      for (const char letter : book.text + ' ') {
        if (std::isalpha(static_cast<unsigned char>(letter)) != 0) {
          word += static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
        } else {
          words.insert(std::exchange(word, {}));
        }
      }
    }
    CHECK(words.size() > 10'000);
    ttt::Random random(1);
    std::set<std::string> drawn;
    for (int i = 0; i < 2000; ++i) {
      const auto secret = recall::Secret::draw(random, recall::KeyWords::held_out, false);
      drawn.insert(secret.key.substr(0, secret.key.find('-')));
      drawn.insert(secret.key.substr(secret.key.find('-') + 1));
    }
    CHECK(drawn.size() == 64);
    for (const std::string& word : drawn) {
      CAPTURE(word);
      CHECK_FALSE(words.contains(word));
    }
  }

  TEST_CASE("Austen's novels are six, and read again from the cache without R") {
    const fs::path cache = fs::temp_directory_path() / ("ttt_austen." + std::to_string(::getpid()));
    fs::create_directories(cache);
    for (const char* title : {"sensesensibility", "prideprejudice", "mansfieldpark", "emma",
                              "northangerabbey", "persuasion"})
      std::ofstream(cache / (title + ".txt"s)) << title;
    const ttt::data::Corpus novels = support::austen_corpus(cache);
    CHECK(novels.size() == 6);
    CHECK(novels[3] == ttt::data::Document{"emma", "emma"});
    fs::remove_all(cache);
  }

  TEST_CASE("Austen's novels come from R" * doctest::skip(!installed("Rscript"))) {
    const fs::path cache = fs::temp_directory_path() / ("ttt_austen." + std::to_string(::getpid()));
    try {
      const ttt::data::Corpus novels = support::austen_corpus(cache);
      std::size_t bytes = 0;
      for (const auto& novel : novels) bytes += novel.text.size();
      CHECK(bytes == 4'025'029);
    } catch (const ttt::FileError& error) {
      CHECK(error.what() ==
            "Rscript: the program must succeed (Debian package r-cran-janeaustenr)"sv);
    }
    fs::remove_all(cache);
  }
}

}  // namespace
