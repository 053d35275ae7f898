// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/learn/adjoint.hpp>
#include <ttt/model/session.hpp>

#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include "list.hpp"
#include "support/machine.hpp"

namespace systems {

/// Random tokens.
template <class Model>
[[nodiscard]] std::vector<Token> text(Index time) {
  Random random(2);
  std::vector<Token> tokens;
  tokens.reserve(static_cast<std::size_t>(time));
  for (Index t = 0; t < time; ++t) {
    tokens.push_back(
        static_cast<Token>(random.below(static_cast<std::uint64_t>(Model::spec.vocab))));
  }
  return tokens;
}

/// Floating-point operations of the products of a token with the weights.
template <class Model>
[[nodiscard]] double weight_products() {
  const auto tensors = Model::tensors();
  double weights = 0;
  for_each_array(
      [&](const Leaf&, const TensorSpec& tensor) {
        if (tensor.rows > 1) weights += static_cast<double>(tensor.rows * tensor.cols);
      },
      tensors);
  return 2 * weights;
}

/// The rows of reading a text of `length` tokens, and of generating behind it.
template <class Model>
void measure_reading(std::vector<support::Report>& rows, const Work& work, Index length,
                     const typename Model::template Params<Matrix<float>>& params,
                     const typename Session<Model>::Options& options, double products) {
  Session<Model> session(params, options);
  const std::vector<Token> tokens = text<Model>(length);
  const support::Stopwatch read_watch;
  session.read(tokens);
  const double read = read_watch.seconds();
  rows.push_back(row("prefill", length, static_cast<double>(length) / read));
  rows.push_back(row("prefill_products", length, products / read, "flop/s"));
  rows.push_back(row("state", length, static_cast<double>(session.bytes()), "bytes"));
  if (work.decode == 0) return;
  session.generate(1, Greedy{});  // warms up
  const support::Stopwatch decode_watch;
  session.generate(work.decode, Greedy{});
  rows.push_back(row("decode", length, static_cast<double>(work.decode) / decode_watch.seconds()));
}

/// Seconds of the gradient of a text's loss: through the steps of a model that learns.
template <class Model>
[[nodiscard]] double gradient_seconds(
    const Work& work, const typename Model::template Params<Matrix<float>>& params) {
  const std::vector<Token> tokens = text<Model>(work.train + 1);
  const Text learned{.tokens = tokens};
  const support::Stopwatch watch;
  if constexpr (Model::traits.learns) {
    const MetaLearner<Model> learner({.threads = work.threads});
    static_cast<void>(learner.gradient(params, learned));
  } else {
    static_cast<void>(plain_gradient<Model>(params, learned, {}, work.threads));
  }
  return watch.seconds();
}

/// What a system of one size does in the terms of `Work`. `mixing` gives the floating-point
/// operations of the products that a text of so many tokens needs beside those with weights; what
/// learning adds is not counted. `options` are those of sessions, but for the threads.
template <class Model, class Mixing>
[[nodiscard]] Measured measure(const Work& work, Shape shape, const Mixing& mixing,
                               typename Session<Model>::Options options = {}) {
  constexpr ModelSpec spec = Model::spec;
  shape.insert(shape.end(), {{"vocab", spec.vocab},
                             {"width", spec.width},
                             {"heads", spec.heads},
                             {"depth", static_cast<Index>(Model::depth)},
                             {"hidden", spec.hidden},
                             {"window", spec.window},
                             {"chunk", spec.chunk}});
  options.threads = work.threads;
  const auto params = Model::initial(1);
  Session<Model>(params, options).read(text<Model>(std::ranges::min(work.lengths)));  // warms up
  std::vector<support::Report> rows;
  for (const Index length : work.lengths) {
    measure_reading<Model>(rows, work, length, params, options,
                           static_cast<double>(length) * weight_products<Model>() + mixing(length));
  }
  if (work.train > 0) {
    static_cast<void>(gradient_seconds<Model>(work, params));  // warms up
    rows.push_back(row("training", work.train,
                       static_cast<double>(work.train) / gradient_seconds<Model>(work, params)));
  }
  return {std::move(shape), std::move(rows)};
}

/// Tokens of its own chunk that a token sees, itself included, in the mean.
[[nodiscard]] constexpr double seen_in_chunk(Index chunk) {
  return static_cast<double>(chunk + 1) / 2;
}

/// Operations of the two products of attention with so many tokens in sight, forward.
[[nodiscard]] inline double attention_products(Index time, Index window, Index width) {
  const Index seen = std::min(time, window);
  const double pairs = static_cast<double>(seen) * static_cast<double>(seen + 1) / 2 +
                       static_cast<double>(time - seen) * static_cast<double>(window);
  return 4 * pairs * static_cast<double>(width);
}

}  // namespace systems
