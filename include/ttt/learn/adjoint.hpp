// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/learn/gradient.hpp>

#include <span>
#include <utility>
#include <vector>

namespace ttt {

/// How far the meta-gradient looks through the inner steps.
enum class Order {
  first,   ///< takes the inner gradients for constants
  second,  ///< differentiates them: exact
};

/// How the walk back over the chunks comes by what reading them computed.
enum class Replay {
  kept,        ///< all of it was kept: faster, and memory for the suffix's results of all chunks
  recomputed,  ///< each chunk is read again: memory for one chunk's results
};

/// What a watcher of an unrolled text is shown after each chunk.
template <class Model, class S>
struct ChunkView {
  Index number;                                             ///< of the chunk, from 0
  const Matrix<S>& prefix;                                  ///< [chunk, width], what was read
  const Matrix<S>& logits;                                  ///< [chunk, vocab], before the step
  const FastWeights<S>& fast;                               ///< after the step
  const typename Model::template State<Matrix<S>>& memory;  ///< of the suffix, after the chunk
};

/// Reads a text chunk by chunk, learning from each, and differentiates the whole.
///
/// For chunks i = 1..N, with W the fast weights and s the suffix's memory:
///
///   loss_i, s_i = read(W_{i-1}, s_{i-1}; theta)
///   W_i = step(W_{i-1}, grad_W loss_i)
///   L   = mean_i loss_i
///
/// `gradient` walks the chunks backwards with lambda, the adjoint of W_i, and rho, that of s_i.
/// Each chunk is read once more over dual numbers whose only tangent is u, the adjoint of its inner
/// gradient, on W; the tangents of the cotangents are what lambda, rho and the parameters receive.
/// Reverse over reverse never happens. Between chunks W_i, s_i and the inner gradient are kept,
/// and, unless Replay::recomputed, the results of the first reading: then only tangents are new.
///
/// \source the recursion of Sun et al. 2025, arXiv:2512.23675, in this form ours; derived in
///         docs/derivations/adjoint.md
template <class Model, class S = float, class Inner = InnerLoop<>>
class MetaLearner {
 public:
  using M = Matrix<S>;                                ///< every array
  using Params = typename Model::template Params<M>;  ///< what the gradient is for
  using Memory = typename Model::template State<M>;   ///< of the blocks

  /// A learner whose sequences are read with the inner loop `inner`.
  explicit MetaLearner(Inner inner, Order order = Order::second, Replay replay = Replay::kept,
                       CacheTraining caches = {})
      : inner_(std::move(inner)), order_(order), replay_(replay), caches_(caches) {}

  /// The loss of reading `text` while learning, and its gradient for every parameter.
  ///
  /// \throws as plain_gradient
  /// \cost   a prefix block costs as much as in plain_gradient, a suffix block about 2.1 times as
  ///         much, or 2.7 with Replay::recomputed; memory for N copies of the fast weights, their
  ///         gradients and the suffix's memory, and with Replay::kept for its results
  [[nodiscard]] Gradient<Params> gradient(const Params& params, const Text& text) const {
    return gradient(params, text, [](const ChunkView<Model, S>&) {});
  }

  /// The same, calling watch(ChunkView) after each chunk.
  template <class Watch>
  [[nodiscard]] Gradient<Params> gradient(const Params& params, const Text& text,
                                          Watch&& watch) const {
    expect_chunks("meta_gradient", text, chunk);
    const RotaryTable<S> table = Model::template rotary<S>(std::max(text.time(), Model::positions));
    Gradient<Params> result;

    Tape<M> tape;
    const auto lifted = leaves(tape, params, result.params);
    Memory nothing;
    auto state = constants(tape, nothing);
    const Var<M> prefix = Model::prefix(lifted, state, Model::embed(lifted, text.inputs()),
                                        Pass<Var<M>>{.rotary = &table});
    const Var<M> keep = Model::keep(lifted, prefix);
    const Rows read{prefix.value(), Model::scored ? keep.value() : M()};

    std::vector<Link> links = unroll(params, text, read, table, result, watch);
    Rows back = adjoint(params, text, read, table, links, result);
    if constexpr (Model::scored) {
      back.keep += detail::penalise(result, read.keep, text, caches_);
      tape.seed(keep, std::move(back.keep));
    }
    tape.seed(prefix, std::move(back.prefix));
    tape.pull_back();
    detail::fill_zeros(result.params, params);
    detail::note_loss(result);
    return result;
  }

 private:
  static constexpr Index chunk = Model::spec.chunk;
  using D = Dual<M>;

  /// What the suffix is given of a text, or the adjoint of that.
  struct Rows {
    M prefix;  ///< [time, width], what the prefix made of the tokens
    M keep;    ///< [time, 1], their keep scores, or without rows
  };

  /// What is kept of a chunk: how it found fast weights and memory, and what it made of them.
  struct Link {
    FastWeights<S> fast;      ///< before the step
    Memory memory;            ///< of the suffix, before the chunk
    FastWeights<S> gradient;  ///< of the inner loss
    M inner_weights;          ///< [chunk, 1], of the inner loss
    Recording<M> recording;   ///< of the reading, if it is kept
  };

  static std::span<const Token> targets(const Text& text, Index number) {
    return text.targets().subspan(static_cast<std::size_t>(number * chunk),
                                  static_cast<std::size_t>(chunk));
  }

  /// The pass that reads chunk `number`, but for its keep scores.
  template <class X>
  [[nodiscard]] Pass<X> pass(Index number, const RotaryTable<S>& table,
                             std::span<const double> surprisal) const {
    return {.rotary = &table,
            .position = number * chunk,
            .surprisal = surprisal,
            .slots = caches_.slots};
  }

  template <class Watch>
  [[nodiscard]] std::vector<Link> unroll(const Params& params, const Text& text, const Rows& read,
                                         const RotaryTable<S>& table, Gradient<Params>& result,
                                         Watch&& watch) const {
    detail::KnownSurprisal<Model> known;
    std::vector<Link> links;
    FastWeights<S> fast = fast_weights(params);
    FastWeights<S> velocity;
    Memory memory;
    for (Index i = 0; i < text.time() / chunk; ++i) {
      links.push_back(
          {.fast = fast, .memory = memory, .gradient = {}, .inner_weights = {}, .recording = {}});
      Link& link = links.back();
      link.gradient.resize(fast.size());
      const M rows = read.prefix.middleRows(i * chunk, chunk);
      M keep;
      const M share = shares<S>(text, i, chunk);

      Tape<M> tape = replay_ == Replay::kept ? Tape<M>(link.recording) : Tape<M>();
      auto lifted = constants(tape, params);
      replace_fast(lifted, [&](std::size_t n) { return tape.leaf(fast[n], link.gradient[n]); });
      auto state = constants(tape, link.memory);
      auto at = pass<Var<M>>(i, table, known.before(i * chunk, result));
      if constexpr (Model::scored) {
        keep = read.keep.middleRows(i * chunk, chunk);
        at.keep = tape.constant(keep);
      }
      const Var<M> logits =
          Model::logits(lifted, Model::suffix(lifted, state, tape.constant(rows), at));
      const Var<M> surprisal = cross_entropy(logits, targets(text, i));
      detail::note_chunk(result, text, surprisal.value(), share);
      link.inner_weights = inner_.loss.weights(share, surprisal.value());
      tape.seed(surprisal, M(link.inner_weights));
      memory = map_tree<M>([](const Leaf&, const Var<M>& v) { return v.value(); }, state);
      const M& scores = logits.value();
      tape.pull_back();

      result.inner_norm.push_back(global_norm(link.gradient));
      inner_.optimiser.step(fast, velocity, link.gradient);
      watch(ChunkView<Model, S>{i, rows, scores, fast, memory});
    }
    return links;
  }

  /// Walks the chunks backwards. Adds the suffix's gradients to those of `result`; returns the
  /// adjoint of what the suffix was given.
  [[nodiscard]] Rows adjoint(const Params& params, const Text& text, const Rows& read,
                             const RotaryTable<S>& table, std::vector<Link>& links,
                             Gradient<Params>& result) const {
    const auto without = without_tangent(params);
    const Index chunks = static_cast<Index>(links.size());
    Rows back{M::Zero(read.prefix.rows(), read.prefix.cols()), M::Zero(read.keep.rows(), 1)};
    detail::KnownSurprisal<Model> known;
    FastWeights<S> lambda;
    for (const M& w : links.front().fast) lambda.push_back(M::Zero(w.rows(), w.cols()));
    FastWeights<S> nu;
    Memory rho;

    for (Index i = chunks - 1; i >= 0; --i) {
      Link& link = links[static_cast<std::size_t>(i)];
      FastWeights<S> u(lambda.size());
      if (i + 1 < chunks) {
        FastWeights<S> pulled = inner_.optimiser.pullback(link.gradient, lambda, nu);
        if (order_ == Order::second) u = std::move(pulled);
      }
      std::vector<D> fast;
      for (std::size_t n = 0; n < u.size(); ++n) fast.push_back({link.fast[n], std::move(u[n])});
      const auto memory = without_tangent(link.memory);
      const D rows{read.prefix.middleRows(i * chunk, chunk), {}};
      D keep;
      M rows_adjoint;
      M keep_adjoint;
      Memory memory_adjoint;

      Tape<D> tape = replay_ == Replay::kept ? Tape<D>(link.recording) : Tape<D>();
      auto lifted = leaves(tape, without, result.params);
      replace_fast(lifted, [&](std::size_t n) { return tape.leaf(fast[n], lambda[n]); });
      auto state = leaves(tape, memory, memory_adjoint);
      auto at = pass<Var<D>>(i, table, known.before(i * chunk, result));
      if constexpr (Model::scored) {
        keep.value = read.keep.middleRows(i * chunk, chunk);
        at.keep = tape.leaf(keep, keep_adjoint);
      }
      const Var<D> surprisal = cross_entropy(
          Model::logits(lifted, Model::suffix(lifted, state, tape.leaf(rows, rows_adjoint), at)),
          targets(text, i));
      tape.seed(surprisal, {link.inner_weights, loss_weights(text, i, shares<S>(text, i, chunk))});
      for_each_array(
          [&](const Leaf&, const Var<D>& after, M& part) {
            tape.seed(after, {{}, std::move(part)});
          },
          state, rho);
      tape.pull_back();

      back.prefix.middleRows(i * chunk, chunk) = rows_adjoint;
      if (keep_adjoint.size() > 0) back.keep.middleRows(i * chunk, chunk) = keep_adjoint;
      rho = std::move(memory_adjoint);
    }
    replace_fast(result.params, [&](std::size_t n) { return std::move(lambda[n]); });
    return back;
  }

  Inner inner_;
  Order order_;
  Replay replay_;
  CacheTraining caches_;
};

}  // namespace ttt
