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

/// Activation checkpointing: how the walk back over the chunks comes by what reading them computed.
enum class Checkpointing {
  stored,      ///< activations are stored: faster, and memory for the suffix's of all chunks
  recomputed,  ///< each chunk is read again: memory for one chunk's activations
};

/// What an observer of an unrolled text is given after each chunk.
template <class Model, Storage M>
struct ChunkView {
  Index number;                                     ///< of the chunk, from 0
  const M& prefix;                                  ///< [chunk, width], what was read
  const M& logits;                                  ///< before the step; see Model::Scored
  const FastWeights<M>& fast;                       ///< after the step
  const typename Model::template State<M>& memory;  ///< of the suffix, after the chunk
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
/// Reverse over reverse never happens. Between chunks W_i, s_i and the inner gradient are stored,
/// and, unless Checkpointing::recomputed, the activations of the first reading: then only tangents
/// are new.
///
/// \source the recursion of Sun et al. 2025, arXiv:2512.23675, in this form ours; derived in
///         docs/derivations/adjoint.md
template <class Model, Storage M = Matrix<float>, class Inner = InnerLoop<>>
class MetaLearner {
 public:
  using Params = typename Model::template Params<M>;  ///< what the gradient is for
  using Memory = typename Model::template State<M>;   ///< of the blocks

  /// How a sequence is read and differentiated.
  struct Options {
    Inner inner{};                                        ///< one step a chunk
    Order order = Order::second;                          ///< of the gradient
    Checkpointing checkpointing = Checkpointing::stored;  ///< memory for speed
    FastSelection fast{};                                 ///< which parameters learn
    typename Model::Options layers{};                     ///< of the layers
    Index threads = 1;                                    ///< inside a text; changes no bit
  };

  /// A learner with these options.
  explicit MetaLearner(Options options)
      : options_(std::move(options)), border_(Model::border(options_.fast)) {}

  /// The loss of reading `text` while learning, and its gradient for every parameter.
  ///
  /// \throws as plain_gradient
  /// \cost   a prefix block costs as much as in plain_gradient, a suffix block about 2.1 times as
  ///         much, or 2.7 with Checkpointing::recomputed; memory for N copies of the fast weights,
  ///         their gradients and the suffix's memory, and with Checkpointing::stored for its
  ///         activations
  [[nodiscard]] Gradient<Params> gradient(const Params& params, const Text& text) const {
    return gradient(params, text, [](const ChunkView<Model, M>&) {});
  }

  /// The same, calling observe(ChunkView) after each chunk.
  template <class Observe>
  [[nodiscard]] Gradient<Params> gradient(const Params& params, const Text& text,
                                          Observe&& observe) const {
    expect_text("meta_gradient", text, Model::spec.chunk, true);
    Team own(options_.threads);
    const Team::Scope team(options_.threads > 1 ? &own : Team::current());
    Pass pass{.params = params,
              .text = text,
              .chunks = {text.time(), Model::spec.chunk},
              .rotary = {},
              .auxiliary = {},
              .result = {}};
    Tape<M> tape;
    const auto lifted = leaves(tape, params, pass.result.params);
    const Memory nothing;
    auto state = constants(tape, nothing);
    AuxiliaryLosses<Var<M>> losses;
    auto context = this->context<Var<M>>(pass, 0, losses);
    const auto crossed =
        Model::prefix(lifted, state, Model::embed(lifted, text.inputs()), context, border_);
    pass.auxiliary.note(losses);
    const Border<M> read = values(crossed);

    std::vector<Link> links = unroll(pass, read, observe);
    Border<M> back = adjoint(pass, read, links);
    pass.auxiliary.seed(tape, losses);
    for_each_array([&](const Leaf&, const Var<M>& rows,
                       M& cotangent) { tape.seed(rows, std::move(cotangent)); },
                   crossed, back);
    tape.pull_back();
    Gradient<Params>& result = pass.result;
    detail::fill_zeros(result.params, params);
    result.auxiliary = pass.auxiliary.loss();
    result.loss += result.weighted + result.auxiliary;
    return std::move(result);
  }

 private:
  using D = Dual<M>;
  template <class A>
  using Border = typename Model::template Border<A>;

  /// What belongs to one call.
  struct Pass {
    const Params& params;
    const Text& text;
    Chunks chunks;
    RotaryTables<M> rotary;
    detail::Auxiliary<M> auxiliary;
    Gradient<Params> result;

    [[nodiscard]] std::span<const Token> targets(Index n) const {
      return text.targets().subspan(static_cast<std::size_t>(chunks.begin(n)),
                                    static_cast<std::size_t>(chunks.size(n)));
    }
  };

  /// What is stored of a chunk: how it found fast weights and memory, and what it made of them.
  struct Link {
    FastWeights<M> fast;         ///< before the step
    FastWeights<M> velocity;     ///< before the step
    Memory memory;               ///< of the suffix, before the chunk
    FastWeights<M> gradient;     ///< of the inner loss
    M inner_weights;             ///< [chunk, 1], of the inner loss
    Activations<M> activations;  ///< of the reading, if they are stored
  };

  /// The context that reads chunk n, but for the side output.
  template <class X>
  [[nodiscard]] typename Model::template ContextOf<X> context(Pass& pass, Index n,
                                                              AuxiliaryLosses<X>& losses) const {
    return {.spec = Model::spec,
            .rotary = pass.rotary,
            .position = pass.chunks.begin(n),
            .options = options_.layers,
            .losses = &losses};
  }

  /// The rows of chunk n, as values.
  [[nodiscard]] static Border<M> rows_of(const Pass& pass, const Border<M>& read, Index n) {
    return map_tree<M>(
        [&](const Leaf&, const M& rows) {
          return copied_rows(rows, pass.chunks.begin(n), pass.chunks.size(n));
        },
        read);
  }

  template <class Observe>
  [[nodiscard]] std::vector<Link> unroll(Pass& pass, const Border<M>& read,
                                         Observe&& observe) const {
    std::vector<Link> links;
    FastWeights<M> fast = fast_weights(pass.params, options_.fast);
    FastWeights<M> velocity;
    Memory memory;
    for (Index n = 0; n < pass.chunks.count(); ++n) {
      Link& link = links.emplace_back();
      link.fast = fast;
      link.velocity = velocity;
      link.memory = std::move(memory);
      link.gradient.resize(fast.size());
      const Border<M> rows = rows_of(pass, read, n);

      const bool stored = options_.checkpointing == Checkpointing::stored;
      Tape<M> tape = stored ? Tape<M>(link.activations) : Tape<M>();
      auto lifted = constants(tape, pass.params);
      replace_fast(lifted, options_.fast,
                   [&](std::size_t i) { return tape.leaf(link.fast[i], link.gradient[i]); });
      auto state = constants(tape, link.memory);
      const auto crossed = constants(tape, rows);
      AuxiliaryLosses<Var<M>> losses;
      const auto [logits, surprisal] = Model::score(
          lifted, state, crossed, this->context<Var<M>>(pass, n, losses), border_, pass.targets(n));
      pass.auxiliary.note(losses);
      detail::note_chunk(pass.result, pass.text, pass.chunks, n, numbers(surprisal.value()));
      link.inner_weights =
          map(options_.inner.loss, column<M>(target_shares(pass.text, pass.chunks, n)),
              surprisal.value());
      tape.seed(surprisal, M(link.inner_weights));
      memory = values(state);
      Model::observe(memory, detail::token_surprisal<Model>(pass.result, pass.chunks.begin(n),
                                                            pass.chunks.size(n)));
      tape.pull_back();

      pass.result.inner_norm.push_back(global_norm(link.gradient));
      options_.inner.optimiser.step(fast, velocity, link.gradient);
      observe(ChunkView<Model, M>{n, rows.rows, logits.value(), fast, memory});
    }
    return links;
  }

  /// Walks the chunks backwards. Adds the suffix's gradients to those of the result; returns the
  /// adjoint of what the suffix was given.
  [[nodiscard]] Border<M> adjoint(Pass& pass, const Border<M>& read,
                                  std::vector<Link>& links) const {
    const auto without = without_tangent(pass.params);
    Border<M> back = map_tree<M>(
        [](const Leaf&, const M& rows) {
          return is_zero(rows) ? M() : filled<M>(rows.rows(), rows.cols(), 0);
        },
        read);
    FastWeights<M> lambda;
    for (const M& w : links.front().fast) lambda.push_back(filled<M>(w.rows(), w.cols(), 0));
    FastWeights<M> nu;
    Memory rho;
    for (Index n = std::ssize(links) - 1; n >= 0; --n) {
      Link& link = at(links, n);
      FastWeights<M> u(lambda.size());
      if (n + 1 < std::ssize(links)) {
        FastWeights<M> pulled = options_.inner.optimiser.pullback(
            InnerStep<M>{link.fast, link.velocity, link.gradient}, lambda, nu);
        if (options_.order == Order::second) u = std::move(pulled);
      }
      const Border<M> rows =
          pull_chunk(pass, rows_of(pass, read, n), without, link, n, u, lambda, rho);
      for_each_array(
          [&](const Leaf&, M& all, const M& part) {
            if (!is_zero(part)) set_rows(all, pass.chunks.begin(n), part);
          },
          back, rows);
    }
    Index number = 0;  // the sinks of fast weights have no rows yet
    for_each_array(
        [&](const Leaf& leaf, M& sum, const M& w) {
          if (w.rows() > 0 && options_.fast(leaf)) sum = std::move(at(lambda, number++));
        },
        pass.result.params, pass.params);
    return back;
  }

  /// Takes one chunk back: lambda and rho become those before it. Returns the adjoint of its rows.
  [[nodiscard]] Border<M> pull_chunk(Pass& pass, const Border<M>& rows,
                                     const typename Model::template Params<D>& without, Link& link,
                                     Index n, FastWeights<M>& u, FastWeights<M>& lambda,
                                     Memory& rho) const {
    std::vector<D> fast;
    for (std::size_t i = 0; i < u.size(); ++i) fast.push_back({link.fast[i], std::move(u[i])});
    const auto memory = without_tangent(link.memory);
    const auto dual_rows = without_tangent(rows);
    Border<M> rows_adjoint;
    Memory memory_adjoint;

    const bool stored = options_.checkpointing == Checkpointing::stored;
    Tape<D> tape = stored ? Tape<D>(link.activations) : Tape<D>();
    auto lifted = leaves(tape, without, pass.result.params);
    replace_fast(lifted, options_.fast,
                 [&](std::size_t i) { return tape.leaf(fast[i], lambda[i]); });
    auto state = leaves(tape, memory, memory_adjoint);
    const auto crossed = leaves(tape, dual_rows, rows_adjoint);
    AuxiliaryLosses<Var<D>> losses;
    const Var<D> surprisal =
        Model::score(lifted, state, crossed, this->context<Var<D>>(pass, n, losses), border_,
                     pass.targets(n))
            .surprisal;
    tape.seed(surprisal,
              {link.inner_weights, column<M>(target_weights(pass.text, pass.chunks, n))});
    pass.auxiliary.seed(tape, losses);
    for_each_array(
        [&](const Leaf&, const Var<D>& after, M& part) {
          tape.seed(after, {{}, std::move(part)});
        },
        state, rho);
    tape.pull_back();
    rho = std::move(memory_adjoint);
    return rows_adjoint;
  }

  Options options_;
  std::size_t border_;  ///< the first block that is read again when the fast weights change
};

}  // namespace ttt
