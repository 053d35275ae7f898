// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>

namespace ttt {

/// Which two elements of a head turn together under rotary positions.
enum class Rotary {
  interleaved,  ///< neighbours: 0 and 1, 2 and 3, ...
  half_split,   ///< one from each half: 0 and head/2, 1 and head/2 + 1, ...
};

/// Where a block normalises.
enum class Norms {
  before,  ///< what enters each part
  around,  ///< what enters each part, and what it adds to the residual stream
};

/// Whether queries and keys are normalised, head by head, before they are turned.
enum class QueryKeyNorm { rms, none };

/// Where the output weights come from.
enum class Head {
  tied,      ///< the embedding, transposed
  separate,  ///< a tensor of their own
};

/// Every shape of a language model. Shapes are template values; rates and weights are run-time
/// values.
struct ModelSpec {
  Index vocab;                ///< symbols
  Index width;                ///< features of a token in the residual stream
  Index heads;                ///< attention heads; each is width / heads wide
  Index hidden;               ///< units of a SwiGLU
  Index window;               ///< tokens a query sees, itself included
  Index chunk;                ///< tokens of one learning step
  Index rotary_base = 10000;  ///< \source arXiv:2104.09864

  Rotary rotary = Rotary::interleaved;              ///< which elements turn together
  Norms norms = Norms::around;                      ///< where blocks normalise
  QueryKeyNorm query_key_norm = QueryKeyNorm::rms;  ///< of every attention layer
  Head head = Head::tied;                           ///< where the output weights come from

  friend constexpr bool operator==(const ModelSpec&, const ModelSpec&) = default;
};

/// Returns `spec`, or names the first rule that it breaks: a compile error in a constant, SpecError
/// at run time.
constexpr ModelSpec checked(ModelSpec spec) {
  const auto require = [](bool holds, const char* rule) {
    if (!holds) throw SpecError(rule);
  };
  require(spec.vocab > 1, "vocab must be at least 2");
  require(spec.width > 0, "width must be positive");
  require(spec.heads > 0, "heads must be positive");
  require(spec.width % spec.heads == 0, "width must be a multiple of heads");
  require(spec.width / spec.heads % 2 == 0, "width / heads must be even, for rotary positions");
  require(spec.hidden > 0, "hidden must be positive");
  require(spec.window > 0, "window must be positive");
  require(spec.chunk > 0, "chunk must be positive");
  require(spec.chunk <= spec.window, "chunk must be at most window");
  require(spec.rotary_base > 1, "rotary_base must be greater than 1");
  return spec;
}

}  // namespace ttt
