// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/spec/model_spec.hpp>
#include <ttt/spec/sr_ttt_spec.hpp>

#include <string>

namespace ttt {

namespace detail {

[[nodiscard]] inline std::string described(const char* name, Index value) {
  return std::string(name) + ' ' + std::to_string(value) + ", ";
}

}  // namespace detail

/// The spec in words, one way to say each: what a file is checked against.
///
///   vocab 256, width 128, heads 4, hidden 256, window 64, chunk 64, rotary 10000 interleaved,
///   norms around, query-key norm rms, head tied
[[nodiscard]] inline std::string describe(const ModelSpec& spec) {
  using detail::described;
  return described("vocab", spec.vocab) + described("width", spec.width) +
         described("heads", spec.heads) + described("hidden", spec.hidden) +
         described("window", spec.window) + described("chunk", spec.chunk) + "rotary " +
         std::to_string(spec.rotary_base) +
         (spec.rotary == Rotary::interleaved ? " interleaved" : " half-split") + ", norms " +
         (spec.norms == Norms::around ? "around" : "before") + ", query-key norm " +
         (spec.query_key_norm == QueryKeyNorm::rms ? "rms" : "none") + ", head " +
         (spec.head == Head::tied ? "tied" : "separate");
}

/// The same of an SR-TTT model.
///
///   sr-ttt, vocab 256, width 128, depth 4, heads 4, head 32, hidden 256, window 64, chunk 16,
///   slots 128, rotary 10000, steps differentiated
[[nodiscard]] inline std::string describe(const SrTttSpec& spec) {
  using detail::described;
  return "sr-ttt, " + described("vocab", spec.vocab) + described("width", spec.width) +
         described("depth", spec.depth) + described("heads", spec.heads) +
         described("head", spec.head) + described("hidden", spec.hidden) +
         described("window", spec.window) + described("chunk", spec.chunk) +
         described("slots", spec.slots) + described("rotary", spec.rotary_base) + "steps " +
         (spec.steps == InnerSteps::differentiated ? "differentiated" : "detached");
}

}  // namespace ttt
