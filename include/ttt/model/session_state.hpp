// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/tree.hpp>
#include <ttt/error.hpp>
#include <ttt/memory/inner.hpp>
#include <ttt/shape.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace ttt {

/// What a session knows, all of it. Two sessions with equal values go on alike.
template <class Model, Storage M>
struct SessionState {
  using Memory = typename Model::template State<M>;  ///< of the blocks

  FastWeights<M> fast;      ///< as learned so far
  FastWeights<M> velocity;  ///< of the inner optimiser
  Memory memory;            ///< of every block, up to the last token
  Memory chunk_memory;      ///< as the chunk in progress found it; for the learning step
  typename Model::template Border<M> border;  ///< what the prefix made of the chunk in progress
  std::vector<Token> chunk;                   ///< the tokens of the chunk in progress
  M logits;            ///< [1, vocab], of the next token; without rows before the first
  Index position = 0;  ///< tokens read

  /// Bytes of all of it.
  [[nodiscard]] Index bytes() const {
    const auto size = [](const M& array) { return array.rows() * array.cols(); };
    Index elements = size(logits);
    for (const auto* weights : {&fast, &velocity}) {
      for (const M& array : *weights) elements += size(array);
    }
    Index numbers = 0;
    const auto count = [&](const auto& tree) {
      const auto parts = parts_of(tree);
      for (const auto& [leaf, array] : parts.arrays) elements += size(*array);
      for (const auto& [name, data] : parts.metadata) numbers += data->count() * data->fields();
    };
    count(memory);
    count(chunk_memory);
    count(border);
    return elements * static_cast<Index>(sizeof(Scalar<M>)) +
           numbers * static_cast<Index>(sizeof(double)) +
           std::ssize(chunk) * static_cast<Index>(sizeof(Token));
  }

  /// Throws RangeError, naming the place, unless every token is in the vocabulary.
  static void expect_tokens(const std::string& operation, std::span<const Token> tokens) {
    for (std::size_t n = 0; n < tokens.size(); ++n) {
      if (tokens[n] >= 0 && tokens[n] < Model::spec.vocab) continue;
      throw RangeError(operation + ": token must be in 0.." +
                       std::to_string(Model::spec.vocab - 1) + ", got " +
                       std::to_string(tokens[n]) + " at " + std::to_string(n));
    }
  }

  /// Throws ShapeError or RangeError unless this can be the state of a session of this model whose
  /// fast weights have the shapes of `like`.
  void validate(const FastWeights<M>& like) const {
    constexpr Index most = Model::spec.chunk;
    validate_weights(fast, like);
    if (!velocity.empty()) validate_weights(velocity, like);
    expect_tokens("Session", chunk);
    expect(std::ssize(chunk) <= most, "state must hold at most one chunk");
    expect(position >= std::ssize(chunk) && position < Index{1} << 53,
           "position must count the chunk, and be below 2^53");
    expect((position - std::ssize(chunk)) % most == 0,
           "position must be that of a chunk and what is read of it");
    expect_finite(memory);
    Model::validate(memory, position);
    validate_chunk();
    expect((position == 0) == (logits.rows() == 0), "logits must follow a token");
    expect_shape("Session", "logits", logits,
                 {position == 0 ? 0 : 1, position == 0 ? any_extent : Model::spec.vocab});
    expect(is_finite(logits), "logits must be finite");
  }

 private:
  static void expect(bool holds, const std::string& rule) {
    if (!holds) throw RangeError("Session: " + rule);
  }

  template <class Tree>
  static void expect_finite(const Tree& tree) {
    for (const auto& [leaf, array] : parts_of(tree).arrays) {
      expect(is_finite(*array), "state must be finite, in " + leaf.name);
    }
  }

  static void validate_weights(const FastWeights<M>& weights, const FastWeights<M>& like) {
    expect(weights.size() == like.size(), "state must have every fast weight");
    for (std::size_t n = 0; n < weights.size(); ++n) {
      expect_shape("Session", "fast weight", weights[n], {like[n].rows(), like[n].cols()});
      expect(is_finite(weights[n]), "fast weights must be finite");
    }
  }

  void validate_chunk() const {
    const Index begin = position - std::ssize(chunk);
    const Index rows = border.rows.rows();
    expect(rows <= std::ssize(chunk), "rows must be those of the chunk");
    for (const auto& [leaf, array] : parts_of(border).arrays) {
      expect(array->rows() == rows || array->rows() == 0, leaf.name + " must have a row a token");
    }
    expect_rows("Session", "rows", border.rows, rows, Model::spec.width);
    expect_finite(border);
    expect_finite(chunk_memory);
    bool kept = rows > 0 && rows == std::ssize(chunk);  // then the chunk will be learned from
    for (const auto& [leaf, array] : parts_of(chunk_memory).arrays) {
      kept = kept || array->rows() > 0;
    }
    if (kept) Model::validate(chunk_memory, begin);
  }
};

}  // namespace ttt
