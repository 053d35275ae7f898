// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/inner.hpp>
#include <ttt/model/language_model.hpp>
#include <ttt/model/lift.hpp>

#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace ttt {

/// What reading a chunk gave, with the fast weights as they were before the step, and after it.
template <class Model, Storage M>
struct Lesson {
  std::vector<double> surprisal;             ///< of the targets, in nats
  M logits;                                  ///< [1, vocab], behind the last token
  typename Model::template State<M> memory;  ///< up to that token
  FastWeights<M> fast;                       ///< after the step
  FastWeights<M> velocity;                   ///< of the inner optimiser, after the step
};

/// Throws NumberError, naming the token, unless every surprisal is finite.
///
/// \shape  nats [time], of token `first` and those behind it
inline void expect_finite_surprisal(const std::vector<double>& nats, Index first) {
  for (std::size_t n = 0; n < nats.size(); ++n) {
    if (std::isfinite(nats[n])) continue;
    throw NumberError("Session.read: the surprisal of token " +
                      std::to_string(first + static_cast<Index>(n)) + " is not finite");
  }
}

/// Throws NumberError, naming the token, unless the logits behind it are finite.
template <Storage M>
void expect_finite_logits(const M& logits, Index token) {
  if (is_finite(logits)) return;
  throw NumberError("Session.read: the logits behind token " + std::to_string(token) +
                    " are not finite");
}

/// Reads the suffix of a chunk at `context.position`, and takes a step with its gradient.
/// `cross(tape, lifted, memory)` is what the prefix made of the chunk, on the same tape.
///
/// \shape  targets [chunk]
/// \throws NumberError if a surprisal is not finite, or a fast weight no longer.
template <class Model, Storage M, class Inner, class Cross>
[[nodiscard]] Lesson<Model, M> learn_chunk(
    const typename Model::template Params<M>& params, const FastSelection& selection,
    const Inner& inner, const FastWeights<M>& fast, const FastWeights<M>& velocity,
    const typename Model::template State<M>& before, std::span<const Token> targets,
    const typename Model::template ContextOf<Var<M>>& context, std::size_t border, Cross&& cross) {
  FastWeights<M> gradient(fast.size());
  Tape<M> tape;
  auto lifted = constants(tape, params);
  replace_fast(lifted, selection, [&](std::size_t n) { return tape.leaf(fast[n], gradient[n]); });
  auto memory = constants(tape, before);
  Lesson<Model, M> lesson;
  {
    const auto scored =
        Model::score(lifted, memory, cross(tape, lifted, memory), context, border, targets);
    const Index chunk = std::ssize(targets);
    lesson.surprisal = numbers(scored.surprisal.value());
    lesson.logits = copied_rows(scored.logits.value(), row_count(scored.logits) - 1, 1);
    expect_finite_surprisal(lesson.surprisal, context.position + 1);
    const M share = filled<M>(chunk, 1, 1 / static_cast<double>(chunk));
    tape.seed(scored.surprisal, map(inner.loss, share, scored.surprisal.value()));
  }
  tape.pull_back();
  lesson.memory = taken(memory);
  lesson.fast = fast;
  lesson.velocity = velocity;
  inner.optimiser.step(lesson.fast, lesson.velocity, gradient);
  if (!is_finite(lesson.fast)) {
    throw NumberError("Session.read: the step behind token " +
                      std::to_string(context.position + std::ssize(targets) - 1) +
                      " makes a fast weight infinite or no number");
  }
  return lesson;
}

}  // namespace ttt
