// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/spec/model_spec.hpp>
#include <ttt/spec/sr_ttt_spec.hpp>

/// Specs of the models that the programs know by name.
namespace preset {

using namespace ttt;

/// Bytes and a short window: with fast weights and a cache, a model that a CPU trains in three
/// hours.
inline constexpr ModelSpec bookkeeper =
    checked({.vocab = 256, .width = 128, .heads = 4, .hidden = 256, .window = 128, .chunk = 64});

/// bookkeeper with a window of 16384 bytes, which is all of a text of 128 windows: full attention,
/// the control.
inline constexpr ModelSpec bookkeeper_full = [] {
  ModelSpec spec = bookkeeper;
  spec.window = 16384;
  return checked(spec);
}();

/// About as many parameters as bookkeeper, and as many slots, in the published model with a cache,
/// trained as published: the control.
inline constexpr SrTttSpec bookkeeper_sr_ttt = checked_sr_ttt({.vocab = 256,
                                                               .width = 128,
                                                               .depth = 4,
                                                               .heads = 4,
                                                               .head = 32,
                                                               .hidden = 256,
                                                               .window = 64,
                                                               .chunk = 16,
                                                               .slots = 128,
                                                               .steps = InnerSteps::detached});

/// The same with the gradients that the published code leaves out.
inline constexpr SrTttSpec bookkeeper_sr_ttt_grad_full = [] {
  SrTttSpec spec = bookkeeper_sr_ttt;
  spec.steps = InnerSteps::differentiated;
  return checked_sr_ttt(spec);
}();

/// A vocabulary of 1024 pieces of several bytes: a text has fewer pieces than bytes.
inline constexpr ModelSpec pieces =
    checked({.vocab = 1024, .width = 128, .heads = 4, .hidden = 256, .window = 64, .chunk = 64});

/// The smallest model that has everything; it trains in a second and knows nothing.
inline constexpr ModelSpec toy =
    checked({.vocab = 256, .width = 16, .heads = 2, .hidden = 24, .window = 16, .chunk = 8});

}  // namespace preset
