// SPDX-License-Identifier: Apache-2.0
#include <ttt/learn/trainer.hpp>
#include <ttt/model/memory_file.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "laws/layer.hpp"
#include "laws/meta_gradient.hpp"
#include "laws/recurrences.hpp"
#include "laws/session.hpp"

namespace {

using namespace ttt;

using M = Matrix<double>;

/// A gated linear recurrence, head by head: a layer of one's own, of the library's operations.
///
///   a = sigmoid(x W_a),    S = a S + k^T v,    y = q S
///
/// \source Yang et al. 2023, "Gated Linear Attention Transformers with Hardware-Efficient
///         Training", arXiv:2312.06635, with one gate a head
struct Recurrence {
  static constexpr LayerTraits traits{};
  using Extras = NoExtras;
  PartNames names{"recurrence_norm", "recurrence", "recurrence_post_norm"};

  template <class A>
  struct Params {
    A wq, wk, wv, wa, wo;
    static void visit(auto&& on, auto&... trees) {
      on("wq.weight", trees.wq...);
      on("wk.weight", trees.wk...);
      on("wv.weight", trees.wv...);
      on("wa.weight", trees.wa...);
      on("wo.weight", trees.wo...);
    }
  };
  template <class A>
  struct State {
    A s;  ///< [head, heads * head]; without rows before the first token
    static void visit(auto&& on, auto&... trees) { on("s", trees.s...); }
  };

  [[nodiscard]] Params<TensorSpec> tensors(const ModelSpec& spec) const {
    const Index width = spec.heads * head_of(spec);
    const auto in = [&](Index cols) { return matrix_spec(spec.init, spec.width, cols); };
    return {.wq = in(width),
            .wk = in(width),
            .wv = in(width),
            .wa = in(spec.heads),
            .wo = matrix_spec(spec.init, width, spec.width)};
  }
  template <class A>
  void validate(const State<A>& state, Index position, const ModelSpec& spec) const {
    const Index rows = position == 0 ? 0 : head_of(spec);
    expect_shape("Recurrence", "s", state.s,
                 {rows, rows == 0 ? any_extent : spec.heads * head_of(spec)});
  }

  template <class P, class X, class C>
  [[nodiscard]] X read(const Params<P>& params, State<X>& state, const X& x,
                       const C& context) const {
    const Index heads = context.spec.heads;
    const X q = matmul(x, params.wq);
    const X k = matmul(x, params.wk);
    const X v = matmul(x, params.wv);
    const X open = sigmoid(matmul(x, params.wa));
    X y;
    for (Index t = 0; t < row_count(x); ++t) {
      const auto row = [&](const X& rows) { return take_rows(rows, t, 1); };
      const X written = matmul_heads(row(k), row(v), heads, Flip::left);
      state.s = row_count(state.s) == 0 ? written : add(scale_heads(state.s, row(open)), written);
      const X read = matmul_heads(row(q), state.s, heads);
      y = t == 0 ? read : append_rows(y, read);
    }
    return matmul(y, params.wo);
  }
};

static_assert(Layer<Recurrence>);

using Alone = LanguageModel<laws::small, Repeat<2, Block<Recurrence, SwiGlu>>>;
using Learns = LanguageModel<laws::small, Repeat<1, Block<Recurrence, SwiGlu>>,
                             Repeat<2, Block<Recurrence, Fast<SwiGlu>, SwiGlu>>>;
using Itself = LanguageModel<laws::small, Repeat<1, Block<Fast<Recurrence>, SwiGlu>>>;

/// A text that repeats itself, of whole chunks.
std::vector<Token> song(Index chunks) {
  std::vector<Token> tokens;
  for (Index t = 0; t <= chunks * laws::small.chunk; ++t) {
    tokens.push_back(static_cast<Token>(t % 7 * (t % 7) % 13));
  }
  return tokens;
}

/// The loss before training, and after 30 steps.
template <class Model, class Objective>
std::pair<double, double> trained(const Objective& objective) {
  Trainer<Model, Objective> trainer({.params = laws::lively_params<Model, float>(1)},
                                    {.schedule = {.peak = 1e-2}, .objective = objective});
  const std::vector<std::vector<Token>> batch{song(4)};
  const double before = trainer.step(batch).loss;
  double after = before;
  for (int step = 0; step < 30; ++step) after = trainer.step(batch).loss;
  return {before, after};
}

/// The parameters after one step.
template <class Model>
auto stepped(const AdamW& adamw) {
  Trainer<Model> trainer({.params = laws::lively_params<Model, float>(1)}, {.adamw = adamw});
  const std::vector<std::vector<Token>> batch{song(2)};
  trainer.step(batch);
  return trainer.state().params;
}

TEST_SUITE("learn") {
  TEST_CASE_TEMPLATE("training decays no A_log, D and dt_bias, and everything else", Model,
                     laws::SmallMamba2, laws::SmallDeltaNet) {
    const auto decayed = stepped<Model>({.weight_decay = 0.1});
    const auto whole = stepped<Model>({.weight_decay = 0});
    std::vector<std::string> undecayed;
    for_each_array(
        [&](const Leaf& leaf, const Matrix<float>& with, const Matrix<float>& without) {
          CAPTURE(leaf.name);
          if (with.size() == 0) return;
          const auto named = [&](const char* name) { return leaf.name.ends_with(name); };
          const bool kept = named(".A_log") || named(".D") || named(".dt_bias");
          CHECK((with == without) == kept);
          if (kept) undecayed.push_back(leaf.name);
        },
        decayed, whole);
    CHECK(undecayed.size() >= 2);
  }

  TEST_CASE("a recurrence that a user writes is a layer") {
    laws::check_layer<Recurrence, laws::small>();
    laws::check_layer<Block<Recurrence, SwiGlu>, laws::other>();
  }

  TEST_CASE("its state of [head, heads head] is the recurrence of its documentation") {
    const laws::Subject<Recurrence, laws::small> subject(1);
    Random random(2);
    const M x = laws::normal(9, 8, random);
    Recurrence::State<M> state;
    const M y = subject.read(state, x, 0);
    const auto& p = subject.params;
    M expected(9, 8);
    for (Index h = 0; h < 2; ++h) {
      M s = M::Zero(4, 4);
      for (Index t = 0; t < 9; ++t) {
        const M row = x.row(t);
        const auto of_head = [&](const M& w) { return M((row * w).middleCols(4 * h, 4)); };
        const double open = 1 / (1 + std::exp(-(row * p.wa)(0, h)));
        s = open * s + of_head(p.wk).transpose() * of_head(p.wv);
        expected.block(t, 4 * h, 1, 4) = of_head(p.wq) * s;
      }
      CHECK(laws::disagreement(M(state.s.middleCols(4 * h, 4)), s) < 1e-12);
    }
    CHECK(laws::disagreement(y, M(expected * p.wo)) < 1e-12);
  }

  TEST_CASE("it trains, and meta-trains beside fast weights and as fast weights") {
    const auto [before, after] = trained<Alone>(PlainLoss<>{});
    CHECK(after < 0.5 * before);
    const MetaLoss<> meta{.inner = {.optimiser = {.rate = 0.1, .max_norm = 1}}};
    const auto [meta_before, meta_after] = trained<Learns>(meta);
    CHECK(meta_after < 0.5 * meta_before);
  }

  TEST_CASE("its gradient and its meta-gradient are those of the loss") {
    const auto params = laws::lively_params<Alone>(1);
    Random random(3);
    const auto tokens = laws::drawn_tokens(13, 13, random);  // of any length
    const Text text{.tokens = tokens};
    laws::check_gradient(
        params, plain_gradient<Alone, M>(params, text).params,
        [&](const auto& moved) { return plain_gradient<Alone, M>(moved, text).loss; });
    // Seed 3 is a text on which the loss is no steeper than a quotient can see.
    laws::check_meta_gradient<Learns, InnerLoop<>>(
        {.optimiser = {.rate = 0.1, .max_norm = 0, .momentum = 0.5}}, 0, 3);
    laws::check_meta_gradient<Learns, InnerLoop<>>({.optimiser = {.rate = 0.1, .max_norm = 4}}, 4,
                                                   3);
    laws::check_meta_gradient<Itself, InnerLoop<>>({.optimiser = {.rate = 0.1, .max_norm = 0}}, 0);
  }

  TEST_CASE("it streams, while fast weights learn beside it and without them") {
    laws::check_session_streaming<Alone, double>({}, 8);
    laws::check_session_streaming<Learns, double>({.inner = {.optimiser = {.rate = 0.1}}}, 8);
    laws::check_session_streaming<Itself, double>({.inner = {.optimiser = {.rate = 0.1}}}, 8);
  }

  TEST_CASE_TEMPLATE("it is saved and comes back in mid-chunk, bit for bit", Model, Alone, Learns,
                     Itself) {
    const auto params = laws::lively_params<Model>(5);
    const auto tokens = song(5);
    for (const std::size_t read : {0U, 1U, 3U, 5U, 12U, 20U}) {
      CAPTURE(read);
      Session<Model, M> session(params);
      session.read(std::span(tokens).first(read));
      const file::Archive archive = memory_archive(session);
      auto back = session_from<Model, M>(archive, params);
      laws::check_equal(back, session);
      const auto rest = std::span(tokens).subspan(read);
      CHECK(back.read(rest) == session.read(rest));
      laws::check_equal(back, session);
    }
    Session<Model, M> session(params);
    session.read(tokens);
    file::Archive archive = memory_archive(session);
    const std::string name = "memory.model.h.blocks.0.recurrence.s";
    const std::string fast = "memory.model.h.blocks.0.feed_forward_prime.s";
    archive.set(archive.tensors().contains(name) ? name : fast, M(M::Ones(3, 8)));
    CHECK_THROWS_WITH_AS(static_cast<void>(session_from<Model, M>(archive, params)),
                         doctest::Contains("memory: Recurrence: s must be [4, 8], got [3, 8]"),
                         FormatError);
  }
}

}  // namespace
