// SPDX-License-Identifier: Apache-2.0
#include "support/pieces.hpp"

#include <ttt/error.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>
#include <type_traits>
#include <unistd.h>
#include <vector>

#ifdef TTT_SENTENCEPIECE
#include <sentencepiece_trainer.h>
#endif

namespace {

using support::Pieces;
namespace fs = std::filesystem;

#ifdef TTT_SENTENCEPIECE

/// Enough words to learn from.
ttt::data::Corpus corpus() {
  std::string text;
  for (int i = 0; i < 200; ++i)
    text += "In the beginning God created the heaven and the earth. Verse " + std::to_string(i) +
            " of many, and the evening and the morning were the first day.\n";
  return {{"text", text}};
}

/// A vocabulary that puts a space in front of a text, as that of Llama 2 does.
Pieces with_space() {
  const fs::path path = fs::temp_directory_path() / ("ttt_spaced." + std::to_string(::getpid()));
  std::ofstream(path) << corpus()[0].text;
  std::string serialized;
  const auto status =
      sentencepiece::SentencePieceTrainer::Train({{"input", path.string()},
                                                  {"vocab_size", "320"},
                                                  {"model_type", "bpe"},
                                                  {"byte_fallback", "true"},
                                                  {"normalization_rule_name", "identity"},
                                                  {"remove_extra_whitespaces", "false"},
                                                  {"add_dummy_prefix", "true"},
                                                  {"minloglevel", "2"}},
                                                 nullptr, &serialized);
  REQUIRE(status.ok());
  std::ofstream(path, std::ios::binary) << serialized;
  Pieces pieces = Pieces::read(path);
  fs::remove(path);
  return pieces;
}

TEST_SUITE("support") {
  TEST_CASE_TEMPLATE("a text comes back from its pieces byte for byte", Model,
                     std::integral_constant<int, 0>, std::integral_constant<int, 1>) {
    const Pieces pieces =
        Pieces::learn(corpus(), {.vocab = 320, .model = Model::value == 0 ? "bpe" : "unigram"});
    CHECK(pieces.vocab() == 320);
    for (const std::string& text :
         {corpus()[0].text, std::string(), std::string("  two  spaces, a\ttab\r\n\nand lines \n"),
          std::string("\xC3\xA6\xE2\x82\xAC\xF0\x9F\x98\x80 never seen"), std::string(1, '\0')}) {
      CAPTURE(text);
      const auto tokens = pieces.encode(text);
      CHECK(pieces.decode(tokens) == text);
      const auto bytes = pieces.bytes(tokens);
      CHECK(bytes.size() == tokens.size());
      CHECK(std::accumulate(bytes.begin(), bytes.end(), ttt::Index{0}) == std::ssize(text));
    }
    CHECK(std::ssize(corpus()[0].text) > std::ssize(pieces.encode(corpus()[0].text)));
  }

  TEST_CASE("the space that a vocabulary adds in front of a text is no byte of it") {
    const Pieces pieces = with_space();
    for (const std::string& text : {std::string("In the beginning"), std::string(" In the"),
                                    std::string("  two  spaces\n"), std::string("\xC3\xA6 new")}) {
      CAPTURE(text);
      const auto tokens = pieces.encode(text);
      CHECK(pieces.decode(tokens) == " " + text);
      const auto bytes = pieces.bytes(tokens);
      CHECK(bytes.size() == tokens.size());
      CHECK(std::accumulate(bytes.begin(), bytes.end(), ttt::Index{0}) == std::ssize(text));
      CHECK(bytes.front() ==
            std::ssize(pieces.decode(std::vector<ttt::Token>{tokens.front()})) - 1);
    }
    CHECK(pieces.encode("").empty());
    CHECK(pieces.bytes({}).empty());
    CHECK_THROWS_AS((void)pieces.encode("a\xE2\x96\x81z"), ttt::FormatError);
  }

  TEST_CASE("pieces that were written read the same") {
    const fs::path path = fs::temp_directory_path() / ("ttt_pieces." + std::to_string(::getpid()));
    const Pieces pieces = Pieces::learn(corpus(), {.vocab = 320});
    pieces.write(path);
    CHECK(Pieces::read(path).encode("the evening") == pieces.encode("the evening"));
    std::ofstream(path) << "no vocabulary";
    CHECK_THROWS_WITH_AS((void)Pieces::read(path), "Pieces: must be a SentencePiece model",
                         ttt::FormatError);
    fs::remove(path);
  }

  TEST_CASE("what pieces cannot give back is refused") {
    const Pieces pieces = Pieces::learn(corpus(), {.vocab = 320});
    for (const char* text : {"\xFF", "a\xE2\x96\x81z", "\xC3"}) {
      CAPTURE(text);
      CHECK_THROWS_WITH_AS((void)pieces.encode(text),
                           "Pieces.encode: text must be UTF-8 without U+2581", ttt::FormatError);
    }
    CHECK_THROWS_WITH_AS((void)pieces.decode(std::vector<ttt::Token>{320}),
                         "Pieces.decode: token must be in 0..319, got 320", ttt::RangeError);
    CHECK_THROWS_AS((void)Pieces::learn(corpus(), {.vocab = 10}), ttt::SpecError);
  }
}

#else

TEST_SUITE("support") {
  TEST_CASE("a program without SentencePiece says how to get it") {
    CHECK_THROWS_WITH_AS(
        (void)Pieces::learn({}, {.vocab = 320}),
        "Pieces: SentencePiece must be built in, configure with TTT_SENTENCEPIECE=ON", ttt::Error);
  }
}

#endif

}  // namespace
