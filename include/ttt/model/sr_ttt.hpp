// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/layer/sr_ttt.hpp>
#include <ttt/random.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace ttt {

/// A tensor of an SR-TTT model before it has numbers: constant + deviation n + bound u, with n
/// standard normal and u uniform in -1..1.
struct SrTttTensor {
  Index rows = 0;        ///< outer extent
  Index cols = 0;        ///< inner extent
  double constant = 0;   ///< of every element
  double deviation = 0;  ///< of normal numbers
  double bound = 0;      ///< of uniform numbers
};

/// The surprisal-aware residual test-time-training model, as published: the control of what this
/// library does itself.
///
///   h = E[tokens];  for each block: h = block(h);  logits = norm(h) E^T
///
/// The model has no state of its own: parameters and memories belong to the caller. It reads window
/// by window.
///
/// \source arXiv:2603.06642, second version, and its code
template <SrTttSpec Spec>
struct SrTtt {
  /// Every shape.
  static constexpr SrTttSpec spec = checked_sr_ttt(Spec);
  /// One of the blocks, which are all alike.
  using Block = SrTttBlock<checked_sr_ttt(Spec)>;
  /// The number of blocks.
  static constexpr auto depth = static_cast<std::size_t>(checked_sr_ttt(Spec).depth);

  /// Every tensor of the model, under the names of the original.
  template <class A>
  struct Params {
    A embedding;                                                   ///< [vocab, width]
    std::array<typename Block::template Params<A>, depth> blocks;  ///< in the order of reading
    A norm;                                                        ///< [1, width], weight
    A norm_bias;                                                   ///< [1, width]

    static void visit(auto&& on, auto&... trees) {
      on("embed.weight", trees.embedding...);
      for (std::size_t n = 0; n < depth; ++n) on(name(n), trees.blocks[n]...);
      on("norm_out.weight", trees.norm...);
      on("norm_out.bias", trees.norm_bias...);
    }
  };

  /// What the blocks remember of a text, which is nothing to begin with.
  template <class A>
  struct State {
    std::array<typename Block::template State<A>, depth> blocks;  ///< in the order of reading

    static void visit(auto&& on, auto&... trees) {
      for (std::size_t n = 0; n < depth; ++n) on(name(n), trees.blocks[n]...);
    }
  };

  /// What each tensor is before it has numbers.
  [[nodiscard]] static Params<SrTttTensor> tensors() {
    constexpr Index inner = spec.heads * spec.head;
    const auto linear = [](Index rows, Index cols) {
      const auto extents = static_cast<double>(rows + cols);
      return SrTttTensor{.rows = rows, .cols = cols, .deviation = 0.5 * std::sqrt(2 / extents)};
    };
    const auto ones = [](Index cols) {
      return SrTttTensor{.rows = 1, .cols = cols, .constant = 1};
    };
    const auto zeros = [](Index cols) { return SrTttTensor{.rows = 1, .cols = cols}; };
    const auto fan = static_cast<double>(spec.head * spec.head + spec.heads * spec.head);
    const SrTttTensor to = linear(spec.width, inner);
    const SrTttTensor from = linear(inner, spec.width);

    typename Block::template Params<SrTttTensor> block{
        .norm1 = ones(spec.width),
        .norm1_bias = zeros(spec.width),
        .memory = {.wq = to,
                   .wk = to,
                   .wv = to,
                   .wo = from,
                   .weights = {.rows = spec.head, .cols = inner, .bound = std::sqrt(6 / fan)},
                   .rate = {.rows = 1, .cols = spec.heads, .constant = 0.01},
                   .norm_weight = ones(spec.head),
                   .norm_bias = zeros(spec.head)},
        .gate = {.rows = 1, .cols = 1, .constant = 0.05},
        .recall = {.wq = to, .wk = to, .wv = to, .wo = from},
        .norm2 = ones(spec.width),
        .norm2_bias = zeros(spec.width),
        .feed_forward = {.w1 = linear(spec.width, spec.hidden),
                         .w2 = linear(spec.hidden, spec.width),
                         .w3 = linear(spec.width, spec.hidden)}};
    Params<SrTttTensor> all{.embedding = linear(spec.vocab, spec.width),
                            .blocks = {},
                            .norm = ones(spec.width),
                            .norm_bias = zeros(spec.width)};
    all.blocks.fill(block);
    return all;
  }

  /// Parameters as training starts with them.
  template <std::floating_point S>
  [[nodiscard]] static Params<Matrix<S>> initial(std::uint64_t seed) {
    Random random(seed);
    return map_tree<Matrix<S>>(
        [&](const Leaf&, const SrTttTensor& tensor) -> Matrix<S> {
          return Matrix<S>::NullaryExpr(tensor.rows, tensor.cols, [&](Index, Index) {
            double number = tensor.constant;
            if (tensor.deviation > 0) number += tensor.deviation * random.normal();
            if (tensor.bound > 0) number += tensor.bound * (2 * random.uniform() - 1);
            return static_cast<S>(number);
          });
        },
        tensors());
  }

  /// How many of `tokens`, of which `position` were read before, belong to one window.
  [[nodiscard]] static std::size_t piece(Index position, std::size_t tokens) {
    return std::min(tokens, static_cast<std::size_t>(spec.window - position % spec.window));
  }

  /// Reads tokens of one window; returns what they make of the next ones. watch(event) is told what
  /// happens, with an SrTttRead, SrTttLearned or SrTttKept.
  ///
  /// \shape  tokens [time] -> [time, vocab]; time > 0
  /// \throws RangeError if a token is outside the vocabulary, or the tokens go beyond the window
  ///         that they begin in.
  template <class X, class Watch>
  [[nodiscard]] static X read(const Params<X>& params, State<X>& state,
                              std::span<const Token> tokens, Index position,
                              const SrTttOptions& options, Watch&& watch) {
    if (piece(position, tokens.size()) < tokens.size()) {
      throw RangeError("SrTtt.read: a read at position " + std::to_string(position) +
                       " must end with its window, after at most " +
                       std::to_string(piece(position, tokens.size())) + " tokens, got " +
                       std::to_string(tokens.size()));
    }
    auto pass = pass_at<Scalar<X>>(position, std::ssize(tokens), options);
    X h = embed(params.embedding, tokens);
    for (; pass.block < spec.depth; ++pass.block) {
      const auto n = static_cast<std::size_t>(pass.block);
      h = Block::read(params.blocks[n], state.blocks[n], h, pass, watch);
    }
    return matmul_transposed(layer_norm(h, params.norm, params.norm_bias), params.embedding);
  }

  /// Takes the chunk and the window in progress as complete, at the end of a text of `position`
  /// tokens. watch(event) is told what happens.
  template <class X, class Watch>
  static void settle(const Params<X>& params, State<X>& state, Index position,
                     const SrTttOptions& options, Watch&& watch) {
    auto pass = pass_at<Scalar<X>>(position, 0, options);
    for (; pass.block < spec.depth; ++pass.block) {
      const auto n = static_cast<std::size_t>(pass.block);
      Block::settle(params.blocks[n], state.blocks[n], pass, watch);
    }
  }

 private:
  static std::string name(std::size_t block) { return "blocks." + std::to_string(block); }

  template <class S>
  [[nodiscard]] static SrTttPass<S> pass_at(Index position, Index time,
                                            const SrTttOptions& options) {
    std::vector<Index> positions;
    for (Index t = 0; t < time; ++t) positions.push_back(position + t);
    const RotaryTable<S> table(0, spec.head, static_cast<double>(spec.rotary_base),
                               Rotary::half_split);
    auto turned = std::make_shared<const RotaryTable<S>>(table.at(positions));
    return {.rotate = {.table = std::move(turned), .first = 0},
            .position = position,
            .options = options};
  }
};

/// The two stages that the model is trained in.
enum class SrTttStage {
  backbone,  ///< everything but the caches, which are off
  recall,    ///< the gates and projections of the caches, which are on, and nothing else
};

/// The tensors that a stage leaves as they are, for AdamW::frozen: a stage of training is a choice
/// of names, and of the options that texts are read with. What detached steps give no gradient is
/// left as it is too, so that it does not decay.
[[nodiscard]] inline std::vector<std::string> frozen_in(
    SrTttStage stage, InnerSteps steps = InnerSteps::differentiated) {
  if (stage == SrTttStage::recall) return {"embed.", "norm", "ttt.", "ffn."};
  std::vector<std::string> names{"gate_param", "cache_attn."};
  if (steps == InnerSteps::detached) {
    names.insert(names.end(), {"ttt.W_k.", "ttt.W_v.", "ttt.layer_norm."});
  }
  return names;
}

/// The memory of one text, read by an SR-TTT model: whole, token by token, or in between.
///
/// \law causal     a token changes no logit of earlier ones, bit for bit
/// \law streaming  cutting a text into reads changes nothing beyond rounding
template <class Model, class S = float>
class SrTttSession {
 public:
  using M = Matrix<S>;                                ///< every array
  using Params = typename Model::template Params<M>;  ///< shared by sessions, never changed
  using State = typename Model::template State<M>;    ///< of the blocks

  /// A session that has read nothing. The parameters outlive it.
  explicit SrTttSession(const Params& params, SrTttOptions options = {})
      : params_(&params), options_(std::move(options)) {}

  /// Reads tokens; watch(event) is told what happens.
  ///
  /// \shape  tokens [time] -> [time, vocab], the logits of the token behind each
  /// \throws RangeError if a token is outside the vocabulary; the session is then untouched.
  template <class Watch>
  M read(std::span<const Token> tokens, Watch&& watch) {
    for (const Token token : tokens) {
      if (token < 0 || token >= Model::spec.vocab) {
        throw RangeError("SrTttSession.read: token must be in 0.." +
                         std::to_string(Model::spec.vocab - 1) + ", got " + std::to_string(token));
      }
    }
    M logits(std::ssize(tokens), Model::spec.vocab);
    for (Index row = 0; !tokens.empty();) {
      const auto part = tokens.first(Model::piece(position_, tokens.size()));
      logits.middleRows(row, std::ssize(part)) =
          Model::read(*params_, state_, part, position_, options_, watch);
      row += std::ssize(part);
      position_ += std::ssize(part);
      tokens = tokens.subspan(part.size());
    }
    return logits;
  }
  /// The same, unwatched.
  M read(std::span<const Token> tokens) {
    return read(tokens, [](const auto& /*event*/) {});
  }

  /// Takes the chunk and the window in progress as complete: the end of the text, behind which
  /// nothing is read.
  template <class Watch>
  void settle(Watch&& watch) {
    Model::settle(*params_, state_, position_, options_, watch);
  }

  /// Tokens read.
  [[nodiscard]] Index position() const { return position_; }
  /// What the blocks remember.
  [[nodiscard]] const State& state() const { return state_; }

 private:
  const Params* params_;
  SrTttOptions options_;
  State state_;
  Index position_ = 0;
};

}  // namespace ttt
