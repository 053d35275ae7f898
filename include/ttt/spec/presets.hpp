// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/spec/model_spec.hpp>
#include <ttt/spec/sr_ttt_spec.hpp>

/// Specs of models that are worth building.
namespace ttt::preset {

/// Bytes, a short window, 0.9 M parameters with four blocks of which two learn: a model that a CPU
/// trains in an hour or two.
inline constexpr ModelSpec bookworm =
    checked({.vocab = 256, .width = 128, .heads = 4, .hidden = 256, .window = 64, .chunk = 64});

/// As many parameters as bookworm in four blocks that do not learn: the control.
inline constexpr ModelSpec bookworm_plain = [] {
  ModelSpec spec = bookworm;
  spec.hidden = 384;
  return checked(spec);
}();

/// bookworm with a window of 128 bytes, for blocks that also keep what they will want again.
inline constexpr ModelSpec bookkeeper = [] {
  ModelSpec spec = bookworm;
  spec.window = 128;
  return checked(spec);
}();

/// bookkeeper with a window of 16384 bytes, which is all of a text of 128 windows: full attention,
/// the control.
inline constexpr ModelSpec bookkeeper_full = [] {
  ModelSpec spec = bookkeeper;
  spec.window = 16384;
  return checked(spec);
}();

/// About as many parameters as bookkeeper, and as many slots, in the published model with a cache:
/// the control.
inline constexpr SrTttSpec bookkeeper_sr_ttt = checked_sr_ttt({.vocab = 256,
                                                               .width = 128,
                                                               .depth = 4,
                                                               .heads = 4,
                                                               .head = 32,
                                                               .hidden = 256,
                                                               .window = 64,
                                                               .chunk = 16,
                                                               .slots = 128});

/// bookworm for 1024 pieces of several bytes instead of 256 bytes.
inline constexpr ModelSpec bookworm_pieces = [] {
  ModelSpec spec = bookworm;
  spec.vocab = 1024;
  return checked(spec);
}();

/// The smallest model that has everything; it trains in a second and knows nothing.
inline constexpr ModelSpec toy =
    checked({.vocab = 256, .width = 16, .heads = 2, .hidden = 24, .window = 16, .chunk = 8});

}  // namespace ttt::preset
