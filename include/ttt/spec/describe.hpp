// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/decimal.hpp>
#include <ttt/spec/model_spec.hpp>

#include <string>

namespace ttt {

/// The spec in words, one way to say each: what a file is checked against.
///
///   vocab 256, width 128, heads 4, hidden 256, window 64, chunk 64, rotary 10000 interleaved,
///   norms around, query-key norm rms, head tied
///
/// What later versions added is said only where it is not the default.
[[nodiscard]] inline std::string describe(const ModelSpec& spec) {
  const auto field = [](const char* name, Index value) {
    return std::string(name) + ' ' + std::to_string(value) + ", ";
  };
  std::string words =
      field("vocab", spec.vocab) + field("width", spec.width) + field("heads", spec.heads) +
      field("hidden", spec.hidden) + field("window", spec.window) + field("chunk", spec.chunk) +
      "rotary " + std::to_string(spec.rotary.base) +
      (spec.rotary.pairs == RotaryPairs::interleaved ? " interleaved" : " half-split") +
      ", norms " + (spec.norms == Norms::around ? "around" : "before") + ", query-key norm " +
      (spec.query_key_norm == QueryKeyNorm::rms ? "rms" : "none") + ", head " +
      (spec.output == Head::tied ? "tied" : "separate");
  if (kv_heads_of(spec) != spec.heads) words += ", kv_heads " + std::to_string(spec.kv_heads);
  if (head_of(spec) * spec.heads != spec.width) {
    words += ", head width " + std::to_string(spec.head);
  }
  if (spec.norm == NormKind::layer) words += ", norm layer";
  ModelSpec usual = spec;
  usual.epsilon = 0;
  if (epsilon_of(spec) != epsilon_of(usual)) words += ", epsilon " + decimal(spec.epsilon);
  return words;
}

}  // namespace ttt
