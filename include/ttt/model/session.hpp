// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/inner.hpp>
#include <ttt/model/language_model.hpp>
#include <ttt/model/lesson.hpp>
#include <ttt/model/lift.hpp>
#include <ttt/model/sampler.hpp>
#include <ttt/model/session_state.hpp>
#include <ttt/parallel/team.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace ttt {

/// Whether a session learns from what it reads.
enum class Learning { on, off };

/// The memory of one text: what a model stores of it, and what it has learned from it.
///
/// The life of a chunk: its tokens are read and scored with the fast weights as they are; when the
/// first token behind it is known, and with it the chunk's last target, the fast weights take one
/// step. Nothing of a token is learned before it was scored.
///
/// A session is a value: a copy goes on independently, and assigning it back rewinds. Its size does
/// not grow with the text, unless the model has full attention.
///
/// \law causal     a token changes no surprisal of earlier ones, bit for bit
/// \law streaming  cutting a text into reads changes nothing beyond rounding
/// \law off        without learning, the fast weights keep their bits, and no step is computed
template <class Model, Storage M = Matrix<float>, class Inner = InnerLoop<>>
class Session {
 public:
  using S = Scalar<M>;                                ///< of every array
  using Params = typename Model::template Params<M>;  ///< shared by sessions, never changed
  using Memory = typename Model::template State<M>;   ///< of the blocks
  using State = SessionState<Model, M>;               ///< what a session knows, all of it

  /// How a session reads.
  struct Options {
    Inner inner{};  ///< one step a chunk
    Learning learning =
        Model::traits.learns ? Learning::on : Learning::off;  ///< off keeps the weights' bits
    FastSelection fast{};  ///< which parameters learn: the model's fast weights, or any by name
    typename Model::Options layers{};  ///< of the layers, such as the slots of caches
    Index threads = 1;                 ///< that share the work inside a read; changes no bit
  };

  /// A session that has read nothing.
  ///
  /// \pre the parameters outlive it
  explicit Session(const Params& params, Options options = {})
      : Session(std::shared_ptr<const Params>(std::shared_ptr<const Params>(), &params),
                std::move(options)) {}
  /// The same, which takes the parameters over.
  explicit Session(Params&& params, Options options = {})
      : Session(std::make_shared<const Params>(std::move(params)), std::move(options)) {}
  /// The same, which shares the parameters.
  explicit Session(std::shared_ptr<const Params> params, Options options = {})
      : params_(std::move(params)),
        options_(std::move(options)),
        border_(
            Model::border([this](const Leaf& leaf) { return learning() && options_.fast(leaf); })) {
    state_.fast = fast_weights(*params_, options_.fast);
    if (learning() && state_.fast.empty()) {
      throw RangeError("Session: learning needs fast weights, and no parameter is one");
    }
    if (options_.threads < 1) {
      throw RangeError("Session: threads must be positive, got " +
                       std::to_string(options_.threads));
    }
    if (options_.threads > 1) team_ = std::make_shared<Team>(options_.threads);
  }

  /// A session with the same parameters and options that goes on from a state.
  ///
  /// \throws ShapeError or RangeError if it cannot be a state of this model.
  [[nodiscard]] Session continued(State state) const {
    state.validate(fast_weights(*params_, options_.fast));
    Session other = *this;
    other.state_ = std::move(state);
    return other;
  }

  /// Reads tokens; returns their surprisals, in nats.
  ///
  /// The first token of a text was predicted by nothing: its surprisal is log(vocab).
  ///
  /// \shape  tokens [time] -> [time]
  /// \throws RangeError if a token is outside the vocabulary; the session is then untouched.
  ///         NumberError if a surprisal, a logit or a fast weight is not finite, or a layer
  ///         refuses; what the call read before that chunk is then read and learned, and the
  ///         session is otherwise untouched.
  /// \cost   time * a pass of the model; a learning model adds three passes of the suffix, or two
  ///         where a read has a whole chunk and the token behind it
  std::vector<S> read(std::span<const Token> tokens) {
    State::expect_tokens("Session.read", tokens);
    const Team::Scope team(team_.get());
    std::vector<S> surprisal;
    surprisal.reserve(tokens.size());
    while (!tokens.empty()) {
      if (std::ssize(state_.chunk) < chunk) {
        read_some(tokens, surprisal);
        continue;
      }
      State before = state_;
      try {
        begin_chunk(tokens.front());
        read_some(tokens, surprisal);
      } catch (...) {
        state_ = std::move(before);
        throw;
      }
    }
    return surprisal;
  }
  /// Text has to be tokens: see data::bytes.
  std::vector<S> read(const char* text) = delete;

  /// Lets a sampler choose the next tokens and reads each.
  ///
  /// \throws RangeError if nothing was read before.
  template <Sampler Choose>
  std::vector<Token> generate(Index count, Choose choose) {
    if (state_.position == 0) throw RangeError("Session.generate: nothing was read before");
    std::vector<Token> tokens;
    for (Index i = 0; i < count; ++i) {
      tokens.push_back(choose(numbers(state_.logits)));
      read(std::span(tokens).last(1));
    }
    return tokens;
  }

  /// The logits of the next token. \shape [1, vocab], or without rows before the first token
  [[nodiscard]] const M& logits() const { return state_.logits; }
  /// Tokens read.
  [[nodiscard]] Index position() const { return state_.position; }
  /// Everything a later session needs to go on from here.
  [[nodiscard]] const State& state() const { return state_; }
  /// What the session was made with; the fast weights among them are where it started.
  [[nodiscard]] const Params& params() const { return *params_; }
  /// How the session reads.
  [[nodiscard]] const Options& options() const { return options_; }
  /// Bytes of everything that belongs to this text.
  [[nodiscard]] Index bytes() const { return state_.bytes(); }

 private:
  static constexpr Index chunk = Model::spec.chunk;

  [[nodiscard]] bool learning() const { return options_.learning == Learning::on; }

  /// Reads what of the tokens belongs to the chunk in progress; leaves the others.
  void read_some(std::span<const Token>& tokens, std::vector<S>& surprisal) {
    const std::size_t count =
        std::min(tokens.size(), static_cast<std::size_t>(chunk) - state_.chunk.size());
    if (learning() && count == static_cast<std::size_t>(chunk) && count < tokens.size()) {
      read_chunk(tokens.first(count + 1), surprisal);
    } else {
      read_part(tokens.first(count), surprisal);
    }
    tokens = tokens.subspan(count);
  }

  /// Learns from the chunk that is complete, now that the token behind it is known.
  void begin_chunk(Token next) {
    if (learning()) {
      std::vector<Token> targets(state_.chunk.begin() + 1, state_.chunk.end());
      targets.push_back(next);
      // A session that read part of the chunk without learning lacks rows of it.
      if (state_.border.rows.rows() == chunk) {
        take(learn(state_.position - chunk, state_.chunk_memory, targets,
                   [&](Tape<M>& tape, const auto& /*lifted*/, auto& /*memory*/) {
                     return ttt::constants(tape, state_.border);
                   }));
      }
    }
    forget_chunk();
  }

  /// Lets a chunk begin with what is known now.
  void forget_chunk() {
    state_.chunk_memory = learning() ? state_.memory : Memory{};
    state_.border = {};
    state_.chunk.clear();
  }

  template <class X>
  [[nodiscard]] typename Model::template ContextOf<X> context(Index position) {
    return {
        .spec = Model::spec, .rotary = rotary_, .position = position, .options = options_.layers};
  }

  /// Learns from the chunk that begins at `begin`; `cross` is what the prefix made of it.
  template <class Cross>
  [[nodiscard]] Lesson<Model, M> learn(Index begin, const Memory& before,
                                       std::span<const Token> targets, Cross&& cross) {
    return learn_chunk<Model, M>(*params_, options_.fast, options_.inner, state_.fast,
                                 state_.velocity, before, targets, context<Var<M>>(begin), border_,
                                 cross);
  }

  void take(Lesson<Model, M>&& lesson) {
    state_.fast = std::move(lesson.fast);
    state_.velocity = std::move(lesson.velocity);
  }

  /// Reads a chunk and learns from it, in one pass: the token behind it is known.
  ///
  /// \shape  tokens [chunk + 1], of which the last is not read
  void read_chunk(std::span<const Token> tokens, std::vector<S>& surprisal) {
    Lesson<Model, M> lesson =
        learn(state_.position, state_.memory, tokens.subspan(1),
              [&](Tape<M>& /*tape*/, const auto& lifted, auto& memory) {
                return Model::prefix(lifted, memory, Model::embed(lifted, tokens.first(chunk)),
                                     context<Var<M>>(state_.position), border_);
              });
    std::vector<double> nats = std::move(lesson.surprisal);
    nats.insert(nats.begin(), first_surprisal(tokens.front()));
    nats.pop_back();
    expect_finite_logits(lesson.logits, state_.position + chunk - 1);
    state_.memory = std::move(lesson.memory);
    state_.logits = std::move(lesson.logits);
    take(std::move(lesson));
    note(nats, surprisal);
    state_.position += chunk;
    forget_chunk();
  }

  /// The surprisal of the next token.
  [[nodiscard]] double first_surprisal(Token token) const {
    if (state_.position == 0) return std::log(static_cast<double>(Model::spec.vocab));
    return numbers(cross_entropy(state_.logits, std::span(&token, 1))).front();
  }

  /// Tells the layers the surprisals of what was read, and the caller.
  void note(const std::vector<double>& nats, std::vector<S>& surprisal) {
    Model::observe(state_.memory, nats);
    surprisal.insert(surprisal.end(), nats.begin(), nats.end());
  }

  void read_part(std::span<const Token> tokens, std::vector<S>& surprisal) {
    Tape<M> tape;  // of constants: nothing is recorded
    const auto params = constants(tape);
    auto memory = ttt::constants(tape, state_.memory);
    auto pass = context<Var<M>>(state_.position);
    auto border = Model::prefix(params, memory, Model::embed(params, tokens), pass, border_);
    pass.side = border.side;
    const Var<M> logits =
        Model::logits(params, Model::suffix(params, memory, border.rows, pass, border_));
    std::vector<double> nats{first_surprisal(tokens.front())};
    if (tokens.size() > 1) {
      const Var<M> known = take_rows(logits, 0, std::ssize(tokens) - 1);
      const auto others = numbers(cross_entropy(known, tokens.subspan(1)).value());
      nats.insert(nats.end(), others.begin(), others.end());
    }
    M next = copied_rows(logits.value(), std::ssize(tokens) - 1, 1);
    expect_finite_surprisal(nats, state_.position);
    expect_finite_logits(next, state_.position + std::ssize(tokens) - 1);
    state_.logits = std::move(next);
    if (learning()) append(state_.border, values(border));
    take_values(state_.memory, memory);
    state_.chunk.insert(state_.chunk.end(), tokens.begin(), tokens.end());
    state_.position += std::ssize(tokens);
    note(nats, surprisal);
  }

  static void append(typename Model::template Border<M>& all,
                     const typename Model::template Border<M>& more) {
    for_each_array([](const Leaf&, M& past, const M& next) { past = append_rows(past, next); }, all,
                   more);
  }

  /// The parameters, with this session's fast weights in place of the starting ones.
  [[nodiscard]] auto constants(Tape<M>& tape) const {
    auto params = ttt::constants(tape, *params_);
    replace_fast(params, options_.fast,
                 [&](std::size_t n) { return tape.constant(state_.fast[n]); });
    return params;
  }

  std::shared_ptr<const Params> params_;
  Options options_;
  std::size_t border_;  ///< the first block that is read again when the fast weights change
  RotaryTables<M> rotary_;
  std::shared_ptr<Team> team_;  ///< shared by copies; null for one thread
  State state_;
};

}  // namespace ttt
