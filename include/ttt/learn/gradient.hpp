// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/learn/text.hpp>
#include <ttt/model/language_model.hpp>
#include <ttt/model/lift.hpp>

#include <vector>

namespace ttt {

/// A loss and its gradient for every parameter.
template <class Params>
struct Gradient {
  Params params;                   ///< of `loss`
  double loss = 0;                 ///< mean of the chunks' losses, in nats
  std::vector<double> chunk_loss;  ///< mean over the scored targets of each chunk, in nats
  std::vector<double> surprisal;   ///< of every target, scored or not, in nats
  std::vector<double> inner_norm;  ///< of each chunk's inner gradient, before the clip
};

namespace detail {

/// Notes a chunk's surprisals in `gradient`. \shape surprisal, share [chunk, 1]
template <class G, class S>
void note_chunk(G& gradient, const Matrix<S>& surprisal, const Matrix<S>& share) {
  double loss = 0;
  for (Index t = 0; t < surprisal.rows(); ++t) {
    gradient.surprisal.push_back(surprisal(t, 0));
    loss += static_cast<double>(surprisal(t, 0)) * static_cast<double>(share(t, 0));
  }
  gradient.chunk_loss.push_back(loss);
}

template <class G>
void note_loss(G& gradient) {
  for (const double loss : gradient.chunk_loss) gradient.loss += loss;
  gradient.loss /= static_cast<double>(gradient.chunk_loss.size());
}

/// Gives every array that no cotangent reached its zeros.
template <class Params>
void fill_zeros(Params& gradient, const Params& like) {
  for_each_array(
      [](const Leaf&, auto& array, const auto& shape) {
        if (array.size() == 0) array.setZero(shape.rows(), shape.cols());
      },
      gradient, like);
}

}  // namespace detail

/// The loss of reading without learning, and its gradient: ordinary training.
///
///   loss = mean over chunks of the mean over a chunk's scored targets of -log p(target)
///
/// The fast weights are parameters like any other. The whole text is one pass and one tape.
///
/// \throws RangeError if the text is not whole chunks.
/// \cost   three times the multiplications of reading
template <class Model, class S = float>
[[nodiscard]] auto plain_gradient(const typename Model::template Params<Matrix<S>>& params,
                                  const Text& text) {
  constexpr Index chunk = Model::spec.chunk;
  expect_chunks("plain_gradient", text, chunk);
  const Index chunks = text.time() / chunk;
  const RotaryTable<S> table = Model::template rotary<S>(text.time());
  const Pass<S> pass{&table};

  Gradient<typename Model::template Params<Matrix<S>>> result;
  Tape<Matrix<S>> tape;
  const auto lifted = leaves(tape, params, result.params);
  typename Model::template State<Matrix<S>> empty;
  auto state = constants(tape, empty);
  const auto h = Model::suffix(
      lifted, state, Model::prefix(lifted, state, Model::embed(lifted, text.inputs()), pass), pass);
  const auto surprisal = cross_entropy(Model::logits(lifted, h), text.targets());

  Matrix<S> seed(text.time(), 1);
  for (Index i = 0; i < chunks; ++i) {
    const Matrix<S> share = shares<S>(text, i, chunk);
    seed.middleRows(i * chunk, chunk) = share / static_cast<S>(chunks);
    detail::note_chunk(result, Matrix<S>(surprisal.value().middleRows(i * chunk, chunk)), share);
  }
  detail::note_loss(result);
  tape.seed(surprisal, std::move(seed));
  tape.pull_back();
  detail::fill_zeros(result.params, params);
  return result;
}

}  // namespace ttt
