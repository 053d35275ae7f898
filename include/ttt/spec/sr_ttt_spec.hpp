// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>

namespace ttt {

/// Whether derivatives go through the steps that fast weights take while they read.
enum class InnerSteps {
  differentiated,  ///< keys, values and the weights before a step get what is theirs
  detached,        ///< they get none, as in the code of arXiv:2603.06642; rates still do
};

/// Every shape of an SR-TTT model.
struct SrTttSpec {
  Index vocab;                ///< symbols
  Index width;                ///< features of a token in the residual stream
  Index depth;                ///< blocks
  Index heads;                ///< of the fast weights, and of the attention to the cache
  Index head;                 ///< width of a head; heads * head need not be width
  Index hidden;               ///< units of a SwiGLU
  Index window;               ///< tokens after which the cache takes in what was flagged
  Index chunk;                ///< tokens of one step of the fast weights
  Index slots;                ///< tokens that a block's cache keeps
  Index rotary_base = 10000;  ///< \source arXiv:2104.09864

  InnerSteps steps = InnerSteps::differentiated;  ///< what they pass back

  friend constexpr bool operator==(const SrTttSpec&, const SrTttSpec&) = default;
};

/// Returns `spec`, or names the first rule that it breaks: a compile error in a constant, SpecError
/// at run time. A name of its own, so that a ModelSpec can be written as checked({...}).
constexpr SrTttSpec checked_sr_ttt(SrTttSpec spec) {
  const auto require = [](bool holds, const char* rule) {
    if (!holds) throw SpecError(rule);
  };
  require(spec.vocab > 1, "vocab must be at least 2");
  require(spec.width > 0, "width must be positive");
  require(spec.depth > 0, "depth must be positive");
  require(spec.heads > 0, "heads must be positive");
  require(spec.head > 0, "head must be positive");
  require(spec.head % 2 == 0, "head must be even, for rotary positions");
  require(spec.hidden > 0, "hidden must be positive");
  require(spec.chunk > 0, "chunk must be positive");
  require(spec.window > 0, "window must be positive");
  require(spec.window % spec.chunk == 0, "window must be a multiple of chunk");
  require(spec.slots > 0, "slots must be positive");
  require(spec.rotary_base > 1, "rotary_base must be greater than 1");
  return spec;
}

}  // namespace ttt
