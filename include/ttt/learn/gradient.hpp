// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/learn/auxiliary.hpp>
#include <ttt/learn/text.hpp>
#include <ttt/model/language_model.hpp>
#include <ttt/model/lift.hpp>
#include <ttt/parallel/team.hpp>

#include <cmath>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace ttt {

/// A loss and its gradient for every parameter.
template <class Params>
struct Gradient {
  Params params;         ///< of `loss`
  double loss = 0;       ///< mean of the chunks' losses, plus the next two, in nats
  double weighted = 0;   ///< what the loss weights of targets add to the loss
  double auxiliary = 0;  ///< what the terms that layers emitted add to it
  std::vector<double>
      chunk_loss;                 ///< mean over the targets of each chunk in the loss mask, in nats
  std::vector<double> surprisal;  ///< of every target, masked or not, in nats
  std::vector<double> inner_norm;  ///< of each chunk's inner gradient, before clipping
};

namespace detail {

/// Notes the surprisals of chunk n in `gradient`.
template <class G>
void note_chunk(G& gradient, const Text& text, const Chunks& chunks, Index n,
                std::span<const double> surprisal) {
  const std::vector<double> shares = target_shares(text, chunks, n);
  double loss = 0;
  for (Index t = 0; t < chunks.size(n); ++t) {
    const double nats = at(surprisal, t);
    if (!text.loss_weight.empty()) {
      gradient.weighted += nats * static_cast<double>(at(text.loss_weight, chunks.begin(n) + t));
    }
    gradient.surprisal.push_back(nats);
    loss += nats * at(shares, t);
  }
  gradient.chunk_loss.push_back(loss);
  gradient.loss += chunks.share(n) * loss;
}

/// The surprisals of tokens first .. first + count - 1 of a text: of token 0, which nothing
/// predicted, it is log(vocab).
template <class Model, class G>
[[nodiscard]] std::vector<double> token_surprisal(const G& gradient, Index first, Index count) {
  std::vector<double> nats;
  for (Index t = first; t < first + count; ++t) {
    nats.push_back(t == 0 ? std::log(static_cast<double>(Model::spec.vocab))
                          : at(gradient.surprisal, t - 1));
  }
  return nats;
}

/// Gives every array that no cotangent reached its zeros.
template <template <class> class T, Storage M>
void fill_zeros(T<M>& gradient, const T<M>& like) {
  for_each_array(
      [](const Leaf&, M& array, const M& shape) {
        if (is_zero(array) && !is_zero(shape)) array = filled<M>(shape.rows(), shape.cols(), 0);
      },
      gradient, like);
}

/// The rows of what crossed the border that belong to some tokens.
template <template <class> class T, class X>
[[nodiscard]] T<X> border_rows(const T<X>& border, Index first, Index count) {
  T<X> part = border;
  for (const auto& [leaf, rows] : parts_of(part).arrays) {
    if (row_count(*rows) > 0) *rows = take_rows(*rows, first, count);
  }
  return part;
}

}  // namespace detail

/// The loss of reading without learning, and its gradient: ordinary training.
///
///   loss = mean over chunks of the mean of -log p(target) over a chunk's targets in the loss mask
///          + sum of loss weights * -log p(target) + terms that layers emit
///
/// The fast weights are parameters like any other. The whole text is one tape, and, where no layer
/// stores by chunks, one pass. `threads` share the work inside the text and change no bit.
///
/// \throws RangeError if the text is not whole chunks although something happens between chunks in
///         the model, or a token is outside the vocabulary; ShapeError if mask or weights are not
///         as long as the targets; what layers throw.
/// \cost   three times the multiplications of reading
template <class Model, Storage M = Matrix<float>>
[[nodiscard]] Gradient<typename Model::template Params<M>> plain_gradient(
    const typename Model::template Params<M>& params, const Text& text,
    const typename Model::Options& options = {}, Index threads = 1) {
  using V = Var<M>;
  constexpr bool cut = Model::traits.chunks || Model::traits.surprisal;
  expect_text("plain_gradient", text, Model::spec.chunk, Model::traits.between_chunks());
  const Chunks chunks{text.time(), Model::spec.chunk};
  const std::size_t border =
      Model::border([](const Leaf& /*leaf*/) { return false; });  // what learns is one pass here

  Team own(threads);
  const Team::Scope team(threads > 1 ? &own : Team::current());
  Gradient<typename Model::template Params<M>> result;
  RotaryTables<M> rotary;
  Tape<M> tape;
  detail::Auxiliary<M> auxiliary;
  AuxiliaryLosses<V> losses;
  typename Model::template ContextOf<V> context{
      .spec = Model::spec, .rotary = rotary, .options = options, .losses = &losses};
  const auto lifted = leaves(tape, params, result.params);
  const typename Model::template State<M> empty;
  auto state = constants(tape, empty);
  const auto crossed =
      Model::prefix(lifted, state, Model::embed(lifted, text.inputs()), context, border);
  for (Index n = 0; n < chunks.count(); n += cut ? 1 : chunks.count()) {
    const Index begin = chunks.begin(n);
    const Index count = cut ? chunks.size(n) : text.time();
    const auto part = cut ? detail::border_rows(crossed, begin, count) : crossed;
    context.position = begin;
    const V surprisal = Model::score(lifted, state, part, context, border,
                                     text.targets().subspan(static_cast<std::size_t>(begin),
                                                            static_cast<std::size_t>(count)))
                            .surprisal;
    const std::vector<double> nats = numbers(surprisal.value());
    std::vector<double> weights;
    for (Index c = n; c < (cut ? n + 1 : chunks.count()); ++c) {
      const auto first = static_cast<std::size_t>(chunks.begin(c) - begin);
      detail::note_chunk(result, text, chunks, c, std::span(nats).subspan(first));
      const auto more = target_weights(text, chunks, c);
      weights.insert(weights.end(), more.begin(), more.end());
    }
    tape.seed(surprisal, column<M>(weights));
    Model::observe(state, detail::token_surprisal<Model>(result, begin, count));
  }
  auxiliary.note(losses);
  auxiliary.seed(tape, losses);
  result.auxiliary = auxiliary.loss();
  result.loss += result.weighted + result.auxiliary;
  tape.pull_back();
  detail::fill_zeros(result.params, params);
  return result;
}

}  // namespace ttt
