// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/inner.hpp>
#include <ttt/model/language_model.hpp>
#include <ttt/model/lift.hpp>
#include <ttt/model/sampler.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace ttt {

/// Whether a session learns from what it reads.
enum class Learning { on, off };

/// The memory of one text: what a model keeps of it, and what it has learned from it.
///
/// The life of a chunk: its tokens are read and scored with the fast weights as they are; when the
/// first token behind it is known, and with it the chunk's last target, the fast weights take one
/// step. Nothing of a token is learned before it was scored.
///
/// A session is a value: a copy goes on independently, and assigning it back rewinds. Its size does
/// not grow with the text.
///
/// \law causal     a token changes no surprisal of earlier ones, bit for bit
/// \law streaming  cutting a text into reads changes nothing beyond rounding
/// \law off        without learning, the fast weights keep their bits and cost nothing
template <class Model, class S = float, class Inner = InnerLoop<>>
class Session {
 public:
  using M = Matrix<S>;                                ///< every array
  using Params = typename Model::template Params<M>;  ///< shared by sessions, never changed
  using Memory = typename Model::template State<M>;   ///< of the blocks

  /// How a session learns.
  struct Options {
    Inner inner{};  ///< one step a chunk
    Learning learning =
        Model::learns ? Learning::on : Learning::off;  ///< off keeps the weights' bits
    Index slots = std::numeric_limits<Index>::max();   ///< of each cache that are used
    std::vector<Index> pinned{};  ///< positions of tokens that caches keep before all others
  };

  /// What a session knows, all of it. Two sessions with equal values go on alike.
  struct State {
    FastWeights<S> fast;            ///< as learned so far
    FastWeights<S> velocity;        ///< of the inner optimiser
    Memory memory;                  ///< of every block, up to the last token
    Memory chunk_memory;            ///< as the chunk in progress found it; for the learning step
    M chunk_rows;                   ///< [read of the chunk, width], what the prefix made of it
    std::vector<Token> chunk;       ///< the tokens of the chunk in progress
    std::vector<double> surprisal;  ///< of the latest tokens, in nats, if a cache wants to know
    M logits;            ///< [1, vocab], of the next token; without rows before the first
    Index position = 0;  ///< tokens read
  };

  /// A session that has read nothing. The parameters outlive it.
  ///
  /// \throws RangeError if options.slots is negative.
  explicit Session(const Params& params, Options options = {})
      : params_(&params),
        options_(std::move(options)),
        table_(
            std::make_shared<const RotaryTable<S>>(Model::template rotary<S>(Model::positions))) {
    if (options_.slots < 0) {
      throw RangeError("Session: slots must not be negative, got " +
                       std::to_string(options_.slots));
    }
    state_.fast = fast_weights(params);
  }

  /// A session that goes on from a state. The parameters outlive it.
  ///
  /// \throws ShapeError or RangeError if it cannot be a state of this model.
  Session(const Params& params, State state, Options options = {})
      : Session(params, std::move(options)) {
    expect_state(state);
    state_ = std::move(state);
  }

  /// Reads tokens; returns how much each surprised, in nats.
  ///
  /// The first token of a text was predicted by nothing: its surprisal is log(vocab).
  ///
  /// \shape  tokens [time] -> [time]
  /// \throws RangeError if a token is outside the vocabulary; the session is then untouched.
  ///         NumberError if a cache's signal is not a number; the session has then read the chunks
  ///         before.
  /// \cost   time * a pass of the model; a learning model adds three passes of the suffix, or two
  ///         where a read has a whole chunk and the token behind it
  std::vector<S> read(std::span<const Token> tokens) {
    expect_tokens(tokens);
    std::vector<S> surprisal;
    surprisal.reserve(tokens.size());
    while (!tokens.empty()) {
      if (std::ssize(state_.chunk) == chunk) begin_chunk(tokens.front());
      const std::size_t count =
          std::min(tokens.size(), static_cast<std::size_t>(chunk) - state_.chunk.size());
      if (learning() && count == static_cast<std::size_t>(chunk) && count < tokens.size()) {
        read_chunk(tokens.first(count + 1), surprisal);
      } else {
        read_part(tokens.first(count), surprisal);
      }
      tokens = tokens.subspan(count);
    }
    return surprisal;
  }

  /// Lets a sampler choose the next tokens and reads each.
  ///
  /// \throws RangeError if nothing was read before.
  template <Sampler Choose>
  std::vector<Token> generate(Index count, Choose choose) {
    if (state_.position == 0) throw RangeError("Session.generate: nothing was read before");
    std::vector<Token> tokens;
    for (Index i = 0; i < count; ++i) {
      tokens.push_back(choose(state_.logits));
      read(std::span(tokens).last(1));
    }
    return tokens;
  }

  /// The scores of the next token. \shape [1, vocab], or without rows before the first token
  [[nodiscard]] const M& logits() const { return state_.logits; }
  /// Tokens read.
  [[nodiscard]] Index position() const { return state_.position; }
  /// Everything a later session needs to go on from here.
  [[nodiscard]] const State& state() const { return state_; }
  /// What the session was made with; the fast weights among them are where it started.
  [[nodiscard]] const Params& params() const { return *params_; }

  /// Bytes of everything that belongs to this text.
  [[nodiscard]] Index bytes() const {
    Index elements = state_.logits.size() + state_.chunk_rows.size();
    for (const auto* weights : {&state_.fast, &state_.velocity}) {
      for (const M& array : *weights) elements += array.size();
    }
    Index noted = 0;
    for (const Memory* memory : {&state_.memory, &state_.chunk_memory}) {
      for_each_array([&](const Leaf&, const M& array) { elements += array.size(); }, *memory);
      for_each_notes(
          [&]<class E>(const Leaf&, const Notes<E>& notes) {
            noted += std::ssize(notes) * static_cast<Index>(sizeof(E));
          },
          *memory);
    }
    return elements * static_cast<Index>(sizeof(S)) + noted +
           std::ssize(state_.chunk) * static_cast<Index>(sizeof(Token)) +
           std::ssize(state_.surprisal) * static_cast<Index>(sizeof(double));
  }

 private:
  static constexpr Index chunk = Model::spec.chunk;
  static constexpr Index remembered = Model::spec.window + chunk;  ///< surprisals

  static void expect_tokens(std::span<const Token> tokens) {
    for (const Token token : tokens) {
      if (token < 0 || token >= Model::spec.vocab) {
        throw RangeError("Session.read: token must be in 0.." +
                         std::to_string(Model::spec.vocab - 1) + ", got " + std::to_string(token));
      }
    }
  }

  void expect_state(const State& state) const {
    const auto expect = [](bool holds, const std::string& rule) {
      if (!holds) throw RangeError("Session: " + rule);
    };
    const auto expect_weights = [&](const FastWeights<S>& weights) {
      expect(weights.size() == state_.fast.size(), "state must have every fast weight");
      for (std::size_t n = 0; n < weights.size(); ++n) {
        expect_shape("Session", "fast weight", weights[n],
                     {state_.fast[n].rows(), state_.fast[n].cols()});
        expect(weights[n].allFinite(), "state must be finite");
      }
    };
    const auto expect_memory = [&](const Memory& memory, Index position) {
      for_each_array(
          [&](const Leaf& leaf, const M& array) {
            expect(array.allFinite(), "state must be finite, in " + leaf.name);
          },
          memory);
      Model::expect(memory, position);
    };
    expect_weights(state.fast);
    if (!state.velocity.empty()) expect_weights(state.velocity);
    expect_tokens(state.chunk);
    expect(std::ssize(state.chunk) <= chunk, "state must hold at most one chunk");
    expect(state.position >= std::ssize(state.chunk) && state.position < Index{1} << 53,
           "position must count the chunk, and be below 2^53");
    expect((state.position - std::ssize(state.chunk)) % chunk == 0,
           "position must be that of a chunk and what is read of it");
    expect_memory(state.memory, state.position);
    expect_memory(state.chunk_memory, state.position - std::ssize(state.chunk));
    if constexpr (Model::reads_chunks) {
      expect(std::ssize(state.surprisal) >= std::min(state.position, remembered),
             "state must know the surprisal of the latest tokens");
    }
    for (const double nats : state.surprisal) expect(std::isfinite(nats), "state must be finite");
    expect((state.position == 0) == (state.logits.rows() == 0), "logits must follow a token");
    expect_shape("Session", "logits", state.logits,
                 {state.position == 0 ? 0 : 1, state.position == 0 ? any : Model::spec.vocab});
    expect(state.chunk_rows.rows() <= std::ssize(state.chunk), "rows must be those of the chunk");
    expect_shape("Session", "chunk_rows", state.chunk_rows,
                 {any, state.chunk_rows.rows() == 0 ? any : Model::spec.width});
    expect(state.chunk_rows.allFinite() && state.logits.allFinite(), "state must be finite");
  }

  [[nodiscard]] bool learning() const { return Model::learns && options_.learning == Learning::on; }

  /// Learns from the chunk that is complete, now that the token behind it is known.
  void begin_chunk(Token next) {
    if (learning()) {
      std::vector<Token> targets(state_.chunk.begin() + 1, state_.chunk.end());
      targets.push_back(next);
      // A session that read part of the chunk without learning lacks rows of it.
      if (state_.chunk_rows.rows() == chunk) {
        learn(state_.position - chunk, state_.chunk_rows, state_.chunk_memory, targets);
      }
    }
    forget_chunk();
  }

  /// Lets a chunk begin with what is known now.
  void forget_chunk() {
    state_.chunk_memory = learning() ? state_.memory : Memory{};
    state_.chunk_rows.resize(0, 0);
    state_.chunk.clear();
    // A learning step goes a chunk back, and an offer from there a window.
    if (std::ssize(state_.surprisal) > remembered) {
      state_.surprisal.erase(state_.surprisal.begin(), state_.surprisal.end() - remembered);
    }
  }

  /// The pass that reads on from `position`, but for keep scores.
  template <class X>
  [[nodiscard]] Pass<X> pass(Index position) const {
    const auto later = static_cast<std::size_t>(state_.position - position);
    const std::span all(state_.surprisal);
    return {.rotary = table_.get(),
            .position = position,
            .surprisal = all.first(all.size() - std::min(all.size(), later)),
            .slots = options_.slots,
            .pinned = options_.pinned};
  }

  /// What reading a chunk gave, with the fast weights as they were before the step.
  struct Lesson {
    M surprisal;    ///< [chunk, 1], of the targets
    M logits;       ///< [1, vocab], behind the last token
    Memory memory;  ///< up to that token
  };

  /// Reads the suffix of the chunk that begins at `begin`, and takes a step with its gradient.
  ///
  /// \shape  rows [chunk, width], what the prefix made of it; targets [chunk]
  Lesson learn(Index begin, const M& rows, const Memory& before, std::span<const Token> targets) {
    FastWeights<S> gradient(state_.fast.size());
    Pass<Var<M>> pass = this->pass<Var<M>>(begin);
    Tape<M> tape;
    auto lifted = constants(tape, *params_);
    replace_fast(lifted, [&](std::size_t n) { return tape.leaf(state_.fast[n], gradient[n]); });
    auto memory = constants(tape, before);
    const Var<M> h = tape.constant(rows);
    pass.keep = Model::keep(lifted, h);
    const Var<M> logits = Model::logits(lifted, Model::suffix(lifted, memory, h, pass));
    const Var<M> surprisal = cross_entropy(logits, targets);
    const M share = M::Constant(chunk, 1, S(1) / S(chunk));
    tape.seed(surprisal, options_.inner.loss.weights(share, surprisal.value()));
    Lesson lesson{
        .surprisal = surprisal.value(),
        .logits = logits.value().bottomRows(1),
        .memory = map_tree<M>([](const Leaf&, const Var<M>& v) { return v.value(); }, memory)};
    tape.pull_back();
    options_.inner.optimiser.step(state_.fast, state_.velocity, gradient);
    return lesson;
  }

  /// Reads a chunk and learns from it, in one pass: the token behind it is known.
  ///
  /// \shape  tokens [chunk + 1], of which the last is not read
  void read_chunk(std::span<const Token> tokens, std::vector<S>& surprisal) {
    Memory memory = state_.memory;  // ours changes when nothing can be refused any more
    const auto params = borrowed();
    const M rows = Model::prefix(params, memory, Model::embed(params, tokens.first(chunk)),
                                 pass<M>(state_.position));
    Lesson lesson = learn(state_.position, rows, memory, tokens.subspan(1));
    const std::size_t before = surprisal.size();
    surprisal.push_back(first_surprisal(tokens.front()));
    surprisal.insert(surprisal.end(), lesson.surprisal.data(), lesson.surprisal.data() + chunk - 1);
    note_surprisal(surprisal, before);
    state_.memory = std::move(lesson.memory);
    state_.logits = std::move(lesson.logits);
    state_.position += chunk;
    forget_chunk();
  }

  /// How much the next token surprises.
  [[nodiscard]] S first_surprisal(Token token) const {
    return state_.position == 0 ? std::log(static_cast<S>(Model::spec.vocab))
                                : cross_entropy(state_.logits, std::span(&token, 1))(0, 0);
  }

  /// Remembers the surprisals from that number on, if a cache wants to know.
  void note_surprisal(const std::vector<S>& surprisal, std::size_t first) {
    if constexpr (Model::reads_chunks) {
      state_.surprisal.insert(state_.surprisal.end(),
                              surprisal.begin() + static_cast<std::ptrdiff_t>(first),
                              surprisal.end());
    }
  }

  void read_part(std::span<const Token> tokens, std::vector<S>& surprisal) {
    Pass<M> pass = this->pass<M>(state_.position);
    const auto params = borrowed();
    // Caches are offered tokens, and can refuse, where a chunk begins.
    const bool can_refuse = Model::reads_chunks && state_.chunk.empty();
    Memory before_chunk = can_refuse && !learning() ? state_.memory : Memory{};
    M logits;
    try {
      M rows = Model::prefix(params, state_.memory, Model::embed(params, tokens), pass);
      if (learning()) state_.chunk_rows = append_rows(std::move(state_.chunk_rows), rows);
      pass.keep = Model::keep(params, rows);
      logits = Model::logits(params, Model::suffix(params, state_.memory, std::move(rows), pass));
    } catch (...) {
      if (can_refuse) {
        state_.memory = learning() ? state_.chunk_memory : std::move(before_chunk);
        state_.chunk_rows.resize(0, 0);
      }
      throw;
    }

    const std::size_t before = surprisal.size();
    surprisal.push_back(first_surprisal(tokens.front()));
    if (tokens.size() > 1) {
      const M known = logits.topRows(logits.rows() - 1);
      const M others = cross_entropy(known, tokens.subspan(1));
      surprisal.insert(surprisal.end(), others.data(), others.data() + others.size());
    }
    note_surprisal(surprisal, before);
    state_.logits = logits.bottomRows(1);
    state_.chunk.insert(state_.chunk.end(), tokens.begin(), tokens.end());
    state_.position += std::ssize(tokens);
  }

  /// The parameters, with this session's fast weights in place of the starting ones.
  [[nodiscard]] auto borrowed() const {
    auto params = map_tree<Borrowed<M>>(
        [](const Leaf&, const M& array) { return Borrowed<M>{&array}; }, *params_);
    replace_fast(params, [&](std::size_t n) { return Borrowed<M>{&state_.fast[n]}; });
    return params;
  }

  const Params* params_;
  Options options_;
  std::shared_ptr<const RotaryTable<S>> table_;
  State state_;
};

}  // namespace ttt
