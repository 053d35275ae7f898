// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>
#include <ttt/spec/init.hpp>
#include <ttt/spec/rotary.hpp>

namespace ttt {

/// Where a block normalises.
enum class Norms {
  before,  ///< what enters each part
  around,  ///< what enters each part, and what it adds to the residual stream
};

/// Which norm the blocks have, and the model before its head.
enum class NormKind {
  rms,    ///< RMSNorm: a weight
  layer,  ///< LayerNorm: a weight and a bias
};

/// Whether queries and keys are normalised, head by head, before they are turned.
enum class QueryKeyNorm { rms, none };

/// Where the output weights come from.
enum class Head {
  tied,      ///< the embedding, transposed
  separate,  ///< a tensor of their own
};

/// The shapes that all layers of a language model share, unless a layer has its own. Shapes are
/// template values; rates and weights are run-time values.
struct ModelSpec {
  Index vocab;         ///< symbols
  Index width;         ///< features of a token in the residual stream
  Index heads;         ///< attention heads
  Index hidden;        ///< units of a SwiGLU
  Index window;        ///< tokens a query sees, itself included
  Index chunk;         ///< tokens of one learning step
  Index kv_heads = 0;  ///< heads of keys and values; 0 for as many as heads
  Index head = 0;      ///< features of a head; 0 for width / heads
  Rotary rotary{};     ///< positions of every attention layer

  Norms norms = Norms::around;                      ///< where blocks normalise
  NormKind norm = NormKind::rms;                    ///< of blocks, and before the head
  double epsilon = 0;                               ///< of that norm; 0 for 1e-6, or 1e-5 of layer
  QueryKeyNorm query_key_norm = QueryKeyNorm::rms;  ///< of every attention layer
  Head output = Head::tied;                         ///< where the output weights come from
  InitRule init{};                                  ///< of matrices when training begins

  /// Whether all members are equal.
  friend constexpr bool operator==(const ModelSpec&, const ModelSpec&) = default;
};

/// Features of a head.
[[nodiscard]] constexpr Index head_of(const ModelSpec& spec) {
  return spec.head > 0 ? spec.head : spec.width / spec.heads;
}

/// Heads of keys and values.
[[nodiscard]] constexpr Index kv_heads_of(const ModelSpec& spec) {
  return spec.kv_heads > 0 ? spec.kv_heads : spec.heads;
}

/// What keeps the spec's norm finite. \source arXiv:2512.23675 for rms, arXiv:2603.06642 for layer
[[nodiscard]] constexpr double epsilon_of(const ModelSpec& spec) {
  if (spec.epsilon > 0) return spec.epsilon;
  return spec.norm == NormKind::rms ? 1e-6 : 1e-5;
}

/// Returns `spec`, or names the first rule that it breaks: a compile error in a constant, SpecError
/// at run time.
constexpr ModelSpec checked(ModelSpec spec) {
  require_rule(spec.vocab > 1, "vocab must be at least 2");
  require_rule(spec.width > 0, "width must be positive");
  require_rule(spec.heads > 0, "heads must be positive");
  require_rule(spec.head >= 0 && spec.kv_heads >= 0, "head and kv_heads must not be negative");
  require_rule(spec.head > 0 || spec.width % spec.heads == 0, "width must be a multiple of heads");
  require_rule(head_of(spec) % 2 == 0, "width / heads must be even, for rotary positions");
  require_rule(spec.heads % kv_heads_of(spec) == 0, "heads must be a multiple of kv_heads");
  require_rule(spec.hidden > 0, "hidden must be positive");
  require_rule(spec.window > 0, "window must be positive");
  require_rule(spec.chunk > 0, "chunk must be positive");
  require_rule(spec.chunk <= spec.window, "chunk must be at most window");
  require_rule(spec.rotary.base > 1, "rotary.base must be greater than 1");
  require_rule(spec.epsilon >= 0, "epsilon must not be negative");
  return spec;
}

}  // namespace ttt
