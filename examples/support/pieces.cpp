// SPDX-License-Identifier: Apache-2.0
#include "pieces.hpp"

#include <ttt/data/files.hpp>
#include <ttt/file/atomic.hpp>

#ifdef TTT_SENTENCEPIECE
#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>
#endif

#include <algorithm>
#include <iterator>
#include <utility>

namespace support {

using ttt::Index;
using ttt::Token;

#ifdef TTT_SENTENCEPIECE

namespace {

/// Gives SentencePiece the lines of a corpus.
class Lines : public sentencepiece::SentenceIterator {
 public:
  explicit Lines(const ttt::data::Corpus& corpus) {
    for (const auto& document : corpus) {
      std::string_view text = document.text;
      while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        if (!line.empty()) lines_.emplace_back(line);
      }
    }
  }
  bool done() const override { return at_ == lines_.size(); }
  void Next() override { ++at_; }
  const std::string& value() const override { return lines_[at_]; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  std::vector<std::string> lines_;
  std::size_t at_ = 0;
};

}  // namespace

/// A trained vocabulary and, for each of its tokens, the text it stands for.
class Pieces::Model {
 public:
  explicit Model(std::string serialized) : serialized_(std::move(serialized)) {
    if (!processor_.LoadFromSerializedProto(serialized_).ok())
      throw ttt::FormatError("Pieces: must be a SentencePiece model");
    for (int token = 0; token < processor_.GetPieceSize(); ++token)
      texts_.push_back(text_of(token));
    std::vector<int> ids;
    processor_.Encode("a", &ids).IgnoreError();
    adds_space_ = !ids.empty() && texts_[static_cast<std::size_t>(ids.front())].starts_with(' ');
  }

  const std::string& serialized() const { return serialized_; }
  const std::vector<std::string>& texts() const { return texts_; }
  const sentencepiece::SentencePieceProcessor& processor() const { return processor_; }
  /// Whether the vocabulary adds a space in front of a text.
  bool adds_space() const { return adds_space_; }

 private:
  std::string text_of(int token) const {
    if (processor_.IsControl(token) || processor_.IsUnknown(token)) return {};
    std::string piece = processor_.IdToPiece(token);
    if (processor_.IsByte(token))  // "<0x0A>"
      return {static_cast<char>(std::stoi(piece.substr(3, 2), nullptr, 16))};
    constexpr std::string_view space = "\xE2\x96\x81";  // U+2581
    for (auto at = piece.find(space); at != std::string::npos; at = piece.find(space, at))
      piece.replace(at, space.size(), " ");
    return piece;
  }

  std::string serialized_;
  sentencepiece::SentencePieceProcessor processor_;
  std::vector<std::string> texts_;
  bool adds_space_ = false;
};

Pieces Pieces::learn(const ttt::data::Corpus& corpus, const Options& options) {
  Lines lines(corpus);
  std::string serialized;
  const auto status =
      sentencepiece::SentencePieceTrainer::Train({{"vocab_size", std::to_string(options.vocab)},
                                                  {"model_type", options.model},
                                                  {"byte_fallback", "true"},
                                                  {"normalization_rule_name", "identity"},
                                                  {"remove_extra_whitespaces", "false"},
                                                  {"add_dummy_prefix", "false"},
                                                  {"character_coverage", "1.0"},
                                                  {"minloglevel", "2"}},
                                                 &lines, &serialized);
  if (!status.ok()) throw ttt::SpecError("Pieces.learn: " + status.ToString());
  return Pieces(std::make_shared<const Model>(std::move(serialized)));
}

Pieces Pieces::read(const std::filesystem::path& path) {
  return Pieces(std::make_shared<const Model>(ttt::data::read_text(path)));
}

void Pieces::write(const std::filesystem::path& path) const {
  ttt::file::write_atomically(path, std::as_bytes(std::span(model_->serialized())));
}

std::vector<Token> Pieces::encode(std::string_view text) const {
  std::vector<int> ids;
  const auto status = model_->processor().Encode({text.data(), text.size()}, &ids);
  if (!status.ok()) throw ttt::FormatError("Pieces.encode: " + status.ToString());
  std::vector<Token> tokens(ids.begin(), ids.end());
  const std::string_view added = model_->adds_space() && !text.empty() ? " " : "";
  if (decode(tokens) != std::string(added).append(text))
    throw ttt::FormatError("Pieces.encode: text must be UTF-8 without U+2581");
  return tokens;
}

std::string Pieces::decode(std::span<const Token> tokens) const {
  std::string text;
  for (const Token token : tokens) {
    if (token < 0 || token >= vocab())
      throw ttt::RangeError("Pieces.decode: token must be in 0.." + std::to_string(vocab() - 1) +
                            ", got " + std::to_string(token));
    text += model_->texts()[static_cast<std::size_t>(token)];
  }
  return text;
}

std::vector<Index> Pieces::bytes(std::span<const Token> tokens) const {
  std::vector<Index> sizes;
  sizes.reserve(tokens.size());
  for (const Token token : tokens) sizes.push_back(std::ssize(decode(std::span(&token, 1))));
  if (model_->adds_space() && !tokens.empty() && decode(tokens.first(1)).starts_with(' '))
    sizes.front() -= 1;
  return sizes;
}

Index Pieces::vocab() const { return std::ssize(model_->texts()); }

#else

class Pieces::Model {};

namespace {

[[noreturn]] void refuse() {
  throw ttt::Error("Pieces: SentencePiece must be built in, configure with TTT_SENTENCEPIECE=ON");
}

}  // namespace

Pieces Pieces::learn(const ttt::data::Corpus&, const Options&) { refuse(); }
Pieces Pieces::read(const std::filesystem::path&) { refuse(); }
void Pieces::write(const std::filesystem::path&) const { refuse(); }
std::vector<Token> Pieces::encode(std::string_view) const { refuse(); }
std::string Pieces::decode(std::span<const Token>) const { refuse(); }
std::vector<Index> Pieces::bytes(std::span<const Token>) const { refuse(); }
Index Pieces::vocab() const { refuse(); }

#endif

Pieces::Pieces(std::shared_ptr<const Model> model) : model_(std::move(model)) {}

}  // namespace support
