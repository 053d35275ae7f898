// SPDX-License-Identifier: Apache-2.0
#include <ttt/algebra/operations/log_sum_exp.hpp>
#include <ttt/learn/adjoint.hpp>
#include <ttt/model/session.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "laws/meta_gradient.hpp"

namespace {

using namespace ttt;

using M = Matrix<double>;

/// What the toy emits, and how much it counts.
struct ToyOptions {
  double each = 0;     ///< of a row for each token, under the name "toy"
  double once = 0;     ///< of one row a read, under the same name
  double apart = 0;    ///< of one row a read, under a name of its own
  bool empty = false;  ///< whether a term without rows is emitted besides
};

/// Multiplies by a matrix, and emits terms.
struct Toy {
  static constexpr LayerTraits traits{};
  struct Extras {
    using Options = ToyOptions;
    using Side = NoSide;
  };
  PartNames names{"toy_norm", "toy", "toy_post_norm"};

  template <class A>
  struct Params {
    A w, c;
    static void visit(auto&& on, auto&... trees) {
      on("w.weight", trees.w...);
      on("c.weight", trees.c...);
    }
  };
  template <class A>
  using State = Stateless<A>;

  [[nodiscard]] Params<TensorSpec> tensors(const ModelSpec& spec) const {
    return {.w = matrix_spec(spec.init, spec.width, spec.width),
            .c = matrix_spec(spec.init, spec.width, 1)};
  }
  template <class S>
  void validate(const State<S>&, Index, const ModelSpec&) const {}

  template <class P, class X, class C>
  [[nodiscard]] X read(const Params<P>& params, State<X>&, const X& x, const C& context) const {
    X y = matmul(x, params.w);
    if (context.losses == nullptr) return y;
    const ToyOptions& options = context.options;
    auto& terms = context.losses->terms;
    const X scores = matmul(y, params.c);
    if (options.each != 0) terms.push_back({"toy", options.each, softplus_of(scores)});
    if (options.once != 0) terms.push_back({"toy", options.once, log_sum_exp(scores, 2)});
    if (options.apart != 0) terms.push_back({"apart", options.apart, log_sum_exp(scores, 3)});
    if (options.empty) terms.push_back({"none", 1, take_rows(scores, 0, 0)});
    return y;
  }
};

/// Emits in the prefix, before fast weights and behind them.
using Model = LanguageModel<laws::small, Repeat<1, Block<Attend<Window>, Toy>>,
                            Repeat<1, Block<Toy, Fast<SwiGlu>>>,
                            Repeat<1, Block<Attend<Window>, Fast<Toy>, SwiGlu>>>;

/// The terms of a text that is read chunk by chunk, the fast weights moved by given steps: of each
/// name the elements, each times its weight.
std::map<std::string, std::vector<double>> emitted(const Model::Params<M>& params, const Text& text,
                                                   const ToyOptions& options,
                                                   const std::vector<FastWeights<M>>& fast) {
  RotaryTables<M> rotary;
  Tape<M> tape;
  AuxiliaryLosses<Var<M>> losses;
  Model::ContextOf<Var<M>> context{
      .spec = Model::spec, .rotary = rotary, .options = options, .losses = &losses};
  const Model::State<M> nothing;
  auto before = constants(tape, nothing);
  const auto lifted = constants(tape, params);
  const std::size_t border = Model::border(FastSelection{});
  const auto crossed =
      Model::prefix(lifted, before, Model::embed(lifted, text.inputs()), context, border);
  auto memory = constants(tape, nothing);
  constexpr Index chunk = Model::spec.chunk;
  for (Index i = 0; i < text.time() / chunk; ++i) {
    auto moved = constants(tape, params);
    if (i > 0 && !fast.empty()) {
      replace_fast(moved, FastSelection{},
                   [&](std::size_t n) { return tape.constant(at(fast, i - 1)[n]); });
    }
    context.position = i * chunk;
    static_cast<void>(
        Model::suffix(moved, memory, take_rows(crossed.rows, i * chunk, chunk), context, border));
  }
  std::map<std::string, std::vector<double>> all;
  for (const auto& term : losses.terms) {
    for (const double number : numbers(term.rows.value())) {
      all[term.name].push_back(term.weight * number);
    }
  }
  return all;
}

double mean(const std::vector<double>& numbers) {
  double sum = 0;
  for (const double number : numbers) sum += number;
  return sum / static_cast<double>(numbers.size());
}

const std::vector<ToyOptions> settings{{.each = 0.3},
                                       {.each = 0.3, .once = 0.3},
                                       {.each = 0.3, .once = -0.7, .apart = 0.5, .empty = true}};

TEST_SUITE("learn") {
  TEST_CASE("what layers emit adds to the loss, name by name the mean of all elements of a text") {
    const auto params = laws::lively_params<Model>(1);
    const auto tokens = laws::text<Model>(4, 1);
    const Text text{.tokens = tokens};
    const double without = plain_gradient<Model, M>(params, text).loss;
    for (const ToyOptions& options : settings) {
      const auto gradient = plain_gradient<Model, M>(params, text, options);
      CHECK(gradient.loss == doctest::Approx(without + gradient.auxiliary).epsilon(1e-14));
      if (options.once == 0 && options.apart == 0) {  // rows of tokens: read whole or in parts
        const auto terms = emitted(params, text, options, {});
        REQUIRE(terms.at("toy").size() == 60);  // 20 tokens, 3 layers
        CHECK(gradient.auxiliary == doctest::Approx(mean(terms.at("toy"))).epsilon(1e-12));
      }
      laws::check_gradient(params, gradient.params, [&](const auto& moved) {
        return plain_gradient<Model, M>(moved, text, options).loss;
      });
    }
  }

  TEST_CASE(
      "the meta-gradient has the gradient of what layers emit, and what the inner steps do to it") {
    const auto params = laws::lively_params<Model>(2);
    const auto tokens = laws::text<Model>(4, 2);
    const Text text{.tokens = tokens};
    const InnerLoop<> inner{.optimiser = {.rate = 0.1, .max_norm = 0, .momentum = 0.5}};
    const auto silent = MetaLearner<Model, M>({.inner = inner}).gradient(params, text);
    CHECK(silent.auxiliary == 0);
    for (const ToyOptions& options : settings) {
      for (const auto checkpointing : {Checkpointing::stored, Checkpointing::recomputed}) {
        const MetaLearner<Model, M> learner(
            {.inner = inner, .checkpointing = checkpointing, .layers = options});
        std::vector<FastWeights<M>> fast;
        const auto gradient = learner.gradient(
            params, text, [&](const ChunkView<Model, M>& view) { fast.push_back(view.fast); });
        double expected = 0;
        std::size_t elements = 0;
        for (const auto& [name, numbers] : emitted(params, text, options, fast)) {
          if (name != "none") expected += mean(numbers);
          elements += numbers.size();
        }
        // Each token three times; once a read, of which the prefix has one and the suffix eight.
        CHECK(elements == (options.each != 0 ? 60U : 0U) + (options.once != 0 ? 9U : 0U) +
                              (options.apart != 0 ? 9U : 0U));
        CHECK(gradient.auxiliary == doctest::Approx(expected).epsilon(1e-12));
        CHECK(gradient.surprisal == silent.surprisal);  // what is learned from is not touched
        CHECK(gradient.inner_norm == silent.inner_norm);
        laws::check_gradient(params, gradient.params,
                             [&](const auto& moved) { return learner.gradient(moved, text).loss; });
      }
    }
  }

  TEST_CASE(
      "learning at rate 0 has the gradient of reading, with what layers emit for each token") {
    const auto params = laws::lively_params<Model>(3);
    const auto tokens = laws::text<Model>(3, 3);
    const Text text{.tokens = tokens};
    const auto plain = plain_gradient<Model, M>(params, text, settings[0]);
    for (const Order order : {Order::first, Order::second}) {
      const auto meta = MetaLearner<Model, M>({.inner = {.optimiser = {.rate = 0, .max_norm = 5}},
                                               .order = order,
                                               .layers = settings[0]})
                            .gradient(params, text);
      CHECK(meta.auxiliary == doctest::Approx(plain.auxiliary).epsilon(1e-12));
      for_each_array(
          [](const Leaf& leaf, const M& a, const M& b) {
            CAPTURE(leaf.name);
            CHECK(laws::disagreement(a, b) < 1e-11);
          },
          meta.params, plain.params);
    }
  }

  TEST_CASE("a session wants no losses, so that nothing is emitted") {
    const auto params = laws::lively_params<Model>(4);
    const auto tokens = laws::text<Model>(3, 4);
    Session<Model, M> silent(params);
    Session<Model, M> emits(params, {.layers = settings[2]});
    CHECK(silent.read(tokens) == emits.read(tokens));
    CHECK(silent.state().fast == emits.state().fast);
  }
}

}  // namespace
