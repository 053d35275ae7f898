// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/learn/gradient.hpp>
#include <ttt/model/session.hpp>

#include <span>
#include <string>
#include <vector>

#include "golden/trees.hpp"

namespace golden {

using Names = std::span<const file::ForeignName>;

/// The parameters in a file of a language model of transformers, or, of another kind, their
/// gradients.
template <class Model, class S>
typename Model::template Params<Matrix<S>> tree_of(const file::Archive& archive, Names names,
                                                   const std::string& kind = "param.") {
  return file::foreign_tree<Matrix<S>>(archive, names, kind, Model::tensors());
}

/// Loss, and the gradient of every parameter.
template <class Model, class S>
void check_training(const file::Archive& archive, Names names) {
  const auto tokens = tokens_of(archive, "input_ids");
  const auto gradient =
      plain_gradient<Model, Matrix<S>>(tree_of<Model, S>(archive, names), {.tokens = tokens});
  CHECK(gradient.loss ==
        doctest::Approx(archive.matrix<double>("loss")(0, 0)).epsilon(pytorch_tolerance<S>.values));
  check_trees(gradient.params, tree_of<Model, double>(archive, names, "grad."),
              pytorch_tolerance<S>.gradients);
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
