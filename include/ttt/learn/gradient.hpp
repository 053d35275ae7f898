// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/learn/text.hpp>
#include <ttt/model/language_model.hpp>
#include <ttt/model/lift.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace ttt {

/// A loss and its gradient for every parameter.
template <class Params>
struct Gradient {
  Params params;                   ///< of `loss`
  double loss = 0;                 ///< mean of the chunks' losses, plus the next two, in nats
  double emphasised = 0;           ///< what the emphasis of targets adds to the loss
  double keep_penalty = 0;         ///< what the penalties on keep scores add to it
  std::vector<double> chunk_loss;  ///< mean over the scored targets of each chunk, in nats
  std::vector<double> surprisal;   ///< of every target, scored or not, in nats
  std::vector<double> inner_norm;  ///< of each chunk's inner gradient, before the clip
};

/// How caches are trained.
struct CacheTraining {
  /// What the mean over all tokens of softplus(keep score) counts in the loss: it pushes down what
  /// nobody reads.
  double keep_penalty = 0;
  /// What softplus(peak + 8) counts in the loss of a text in which no target is emphasised, where
  /// peak is the soft maximum of its keep scores: in a long text the highest scores of prose
  /// displace what will be asked for.
  double peak_penalty = 0;
  Index slots = std::numeric_limits<Index>::max();  ///< that every cache has room for in this text
};

namespace detail {

/// Notes a chunk's surprisals in `gradient`. \shape surprisal, share [chunk, 1]
template <class G, class S>
void note_chunk(G& gradient, const Text& text, const Matrix<S>& surprisal, const Matrix<S>& share) {
  double loss = 0;
  for (Index t = 0; t < surprisal.rows(); ++t) {
    const auto nats = static_cast<double>(surprisal(t, 0));
    if (!text.emphasis.empty()) {
      gradient.emphasised += nats * static_cast<double>(text.emphasis[gradient.surprisal.size()]);
    }
    gradient.surprisal.push_back(nats);
    loss += nats * static_cast<double>(share(t, 0));
  }
  gradient.chunk_loss.push_back(loss);
}

template <class G>
void note_loss(G& gradient) {
  for (const double loss : gradient.chunk_loss) gradient.loss += loss;
  gradient.loss /= static_cast<double>(gradient.chunk_loss.size());
  gradient.loss += gradient.emphasised + gradient.keep_penalty;
}

/// The penalties on keep scores: notes them, and returns their gradient.
///
///   peak = log(sum of exp(4 score)) / 4
///   keep_penalty * mean of softplus(score) + peak_penalty * softplus(peak + 8)
///
/// The second only where no target is emphasised.
///
/// \shape  keep [time, 1] -> [time, 1]
/// \source ours, both constants too
template <class G, class S>
[[nodiscard]] Matrix<S> penalise(G& gradient, const Matrix<S>& keep, const Text& text,
                                 const CacheTraining& caches) {
  const auto softplus = [](double x) {
    return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
  };
  const auto logistic = [](double x) { return 1 / (1 + std::exp(-x)); };
  const Eigen::ArrayXd score = keep.template cast<double>().array();
  const double share = caches.keep_penalty / static_cast<double>(keep.rows());
  gradient.keep_penalty += share * score.unaryExpr(softplus).sum();
  Eigen::ArrayXd slope = share * score.unaryExpr(logistic);
  const bool asks = std::ranges::any_of(text.emphasis, [](float weight) { return weight > 0; });
  if (caches.peak_penalty != 0 && !asks) {
    constexpr double sharpness = 4;
    constexpr double ceiling = -8;
    const double highest = score.maxCoeff();
    const Eigen::ArrayXd weight = (sharpness * (score - highest)).exp();
    const double above = highest + std::log(weight.sum()) / sharpness - ceiling;
    gradient.keep_penalty += caches.peak_penalty * softplus(above);
    slope += caches.peak_penalty * logistic(above) * weight / weight.sum();
  }
  return slope.matrix().template cast<S>();
}

/// The surprisal of a text's tokens, as far as they are known: that of the first, which nothing
/// predicted, and of the targets.
template <class Model>
class KnownSurprisal {
 public:
  /// Takes note of what `gradient` knows by now; returns the surprisal of tokens 0 .. position - 1.
  template <class G>
  [[nodiscard]] std::span<const double> before(Index position, const G& gradient) {
    nats_.insert(nats_.end(), gradient.surprisal.begin() + (std::ssize(nats_) - 1),
                 gradient.surprisal.end());
    return std::span(nats_).first(static_cast<std::size_t>(position));
  }

 private:
  std::vector<double> nats_{std::log(static_cast<double>(Model::spec.vocab))};
};

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
///          + sum of emphasis * -log p(target) + penalties on keep scores
///
/// The fast weights are parameters like any other. The whole text is one tape, and, where no cache
/// has to be filled between chunks, one pass.
///
/// \throws RangeError if the text is not whole chunks, a token is outside the vocabulary, or
///         caches.slots is negative; ShapeError if it has not as many marks and weights as targets,
///         NumberError if a cache's signal is not a number.
/// \cost   three times the multiplications of reading
template <class Model, class S = float>
[[nodiscard]] auto plain_gradient(const typename Model::template Params<Matrix<S>>& params,
                                  const Text& text, const CacheTraining& caches = {}) {
  using V = Var<Matrix<S>>;
  constexpr Index chunk = Model::spec.chunk;
  expect_chunks("plain_gradient", text, chunk);
  const RotaryTable<S> table = Model::template rotary<S>(std::max(text.time(), Model::positions));

  Gradient<typename Model::template Params<Matrix<S>>> result;
  Tape<Matrix<S>> tape;
  const auto lifted = leaves(tape, params, result.params);
  typename Model::template State<Matrix<S>> empty;
  auto state = constants(tape, empty);
  const V prefix =
      Model::prefix(lifted, state, Model::embed(lifted, text.inputs()), Pass<V>{.rotary = &table});
  const V keep = Model::keep(lifted, prefix);

  detail::KnownSurprisal<Model> known;
  const Index piece = Model::reads_chunks ? chunk : text.time();
  for (Index at = 0; at < text.time(); at += piece) {
    const auto targets =
        text.targets().subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(piece));
    Pass<V> pass{.rotary = &table, .position = at, .slots = caches.slots};
    if constexpr (Model::reads_chunks) pass.surprisal = known.before(at, result);
    const V rows = piece < text.time() ? take_rows(prefix, at, piece) : prefix;
    if constexpr (Model::scored) pass.keep = take_rows(keep, at, piece);
    const V surprisal =
        cross_entropy(Model::logits(lifted, Model::suffix(lifted, state, rows, pass)), targets);
    Matrix<S> seed(piece, 1);
    for (Index first = 0; first < piece; first += chunk) {
      const Index number = (at + first) / chunk;
      const Matrix<S> share = shares<S>(text, number, chunk);
      seed.middleRows(first, chunk) = loss_weights(text, number, share);
      detail::note_chunk(result, text, Matrix<S>(surprisal.value().middleRows(first, chunk)),
                         share);
    }
    tape.seed(surprisal, std::move(seed));
  }
  if constexpr (Model::scored) {
    tape.seed(keep, detail::penalise(result, keep.value(), text, caches));
  }
  detail::note_loss(result);
  tape.pull_back();
  detail::fill_zeros(result.params, params);
  return result;
}

}  // namespace ttt
