// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/spec/model_spec.hpp>

#include <string>

namespace ttt {

/// The spec in words, one way to say each: what a file is checked against.
///
///   vocab 256, width 128, heads 4, hidden 256, window 64, chunk 64, rotary 10000 interleaved,
///   norms around, query-key norm rms, head tied
[[nodiscard]] inline std::string describe(const ModelSpec& spec) {
  const auto number = [](const char* name, Index value) {
    return std::string(name) + ' ' + std::to_string(value) + ", ";
  };
  return number("vocab", spec.vocab) + number("width", spec.width) + number("heads", spec.heads) +
         number("hidden", spec.hidden) + number("window", spec.window) +
         number("chunk", spec.chunk) + "rotary " + std::to_string(spec.rotary_base) +
         (spec.rotary == Rotary::interleaved ? " interleaved" : " half-split") + ", norms " +
         (spec.norms == Norms::around ? "around" : "before") + ", query-key norm " +
         (spec.query_key_norm == QueryKeyNorm::rms ? "rms" : "none") + ", head " +
         (spec.head == Head::tied ? "tied" : "separate");
}

}  // namespace ttt
