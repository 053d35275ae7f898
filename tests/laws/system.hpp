// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/learn/gradient.hpp>

#include <string>

#include "laws/gradient.hpp"
#include "laws/session.hpp"

namespace laws {

/// Everything that a model of any layers promises: that a text may be cut anywhere, down to single
/// tokens, that no token sees a later one, that a file of its memory is all of it, and that its
/// gradient is the difference quotient for every parameter. `name` is of the file.
template <class Model>
void check_system(const std::string& name) {
  CAPTURE(name);
  check_session_streaming<Model, double>({}, 8);
  check_session_streaming<Model, float>({}, 4);
  check_session_causal<Model>();
  check_session_file<Model>("ttt_" + name + "_memory.safetensors");
  const auto params = lively_params<Model>(4);
  Random random(4);
  const auto tokens = drawn_tokens(3 * Model::spec.chunk + 1, Model::spec.vocab, random);
  const auto gradient_of = [&](const auto& moved) {
    return plain_gradient<Model, Matrix<double>>(moved, {.tokens = tokens});
  };
  check_gradient(params, gradient_of(params).params,
                 [&](const auto& moved) { return gradient_of(moved).loss; });
}

/// The same of a model whose memory does not grow with the text.
template <class Model>
void check_constant_memory() {
  const auto params = lively_params<Model, float>(1);
  Session<Model> session(params);
  Random random(1);
  const auto read = [&](Index chunks) {
    session.read(drawn_tokens(chunks * Model::spec.chunk, Model::spec.vocab, random));
    return session.state().bytes();
  };
  const Index after_some = read(12);  // whole chunks of layers of 2, 3 or 4 tokens too
  CHECK(read(24) == after_some);
}

}  // namespace laws
