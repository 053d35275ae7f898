// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/learn/gradient.hpp>
#include <ttt/model/session.hpp>

#include <span>
#include <string>
#include <vector>

#include "golden/trees.hpp"

namespace golden {

/// Loss of a language model of transformers, and the gradient of every parameter; `array` as in
/// params_of.
template <class Model, class S, class Array>
void check_training(const file::Archive& archive,
                    const typename Model::template Params<Matrix<S>>& params, const Array& array) {
  const auto tokens = tokens_of(archive, "input_ids");
  const auto gradient = plain_gradient<Model, Matrix<S>>(params, {.tokens = tokens});
  CHECK(gradient.loss ==
        doctest::Approx(archive.matrix<double>("loss")(0, 0)).epsilon(pytorch_tolerance<S>.values));
  check_gradients<S>(archive, gradient.params, array);
}

/// Logits behind every token, read one at a time; the same behind the last, whole or with a cut.
/// Returns the session that read one at a time.
template <class Model, class S>
Session<Model, Matrix<S>> check_reading(const file::Archive& archive,
                                        const typename Model::template Params<Matrix<S>>& params) {
  const auto tokens = tokens_of(archive, "input_ids");
  const auto logits = archive.matrix<double>("logits");
  Session<Model, Matrix<S>> session(params);
  for (Index t = 0; t < std::ssize(tokens); ++t) {
    session.read(std::span(tokens).subspan(static_cast<std::size_t>(t), 1));
    CAPTURE(t);
    CHECK(disagreement(session.logits(), Matrix<double>(logits.row(t))) <
          pytorch_tolerance<S>.values);
  }
  for (const std::size_t cut : {0U, 1U, 11U}) {
    Session<Model, Matrix<S>> other(params);
    other.read(std::span(tokens).first(cut));
    other.read(std::span(tokens).subspan(cut));
    CAPTURE(cut);
    CHECK(disagreement(other.logits(), Matrix<double>(logits.bottomRows(1))) <
          pytorch_tolerance<S>.values);
  }
  return session;
}

}  // namespace golden
