// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <vector>

#include "laws/cached_texts.hpp"
#include "laws/meta_gradient.hpp"

namespace {

using namespace ttt;
using laws::Attending;
using laws::Gating;
using laws::Signalling;
using laws::Wanting;

/// A text with targets left out and others emphasised, and a cache with less room than it has
/// slots.
template <class Model>
struct Given {
  std::vector<Token> tokens;
  std::vector<std::uint8_t> scored;
  std::vector<float> emphasis;
  CacheTraining caches{.keep_penalty = Model::scored ? 0.3 : 0.0, .slots = 4};

  explicit Given(std::uint64_t seed)
      : tokens(laws::text<Model>(7, seed)),
        scored(tokens.size() - 1, 1),
        emphasis(tokens.size() - 1, 0) {
    scored[2] = scored[11] = 0;
    emphasis[1] = 0.25F;
    emphasis[tokens.size() - 3] = 0.5F;
  }

  [[nodiscard]] Text text() const { return {tokens, scored, emphasis}; }
};

/// Of the inner gradient's norm: one that clips some chunks.
template <class Model>
constexpr double bound = 3.0;
template <>
constexpr double bound<Wanting> = 5.0;
template <>
constexpr double bound<Gating> = 1.6;

/// What each inner step added to the fast weights. \shape [chunks][arrays]
template <class Model>
std::vector<FastWeights<double>> recorded_steps(
    const MetaLearner<Model, double>& learner,
    const typename Model::template Params<Matrix<double>>& params, const Text& text) {
  std::vector<FastWeights<double>> steps;
  const auto start = fast_weights(params);
  static_cast<void>(learner.gradient(params, text, [&](const ChunkView<Model, double>& seen) {
    steps.push_back(seen.fast);
    for (std::size_t n = 0; n < start.size(); ++n) steps.back()[n] -= start[n];
  }));
  return steps;
}

/// The loss of reading with fast weights that are moved by given steps, whatever is read.
template <class Model>
double loss_with_steps(const typename Model::template Params<Matrix<double>>& params,
                       const Given<Model>& given, const std::vector<FastWeights<double>>& steps) {
  using M = Matrix<double>;
  constexpr Index chunk = Model::spec.chunk;
  const Text text = given.text();
  const auto table = Model::template rotary<double>(std::max(text.time(), Model::positions));
  typename Model::template State<M> before;
  const M prefix =
      Model::prefix(params, before, Model::embed(params, text.inputs()), Pass<M>{.rotary = &table});
  const M keep = Model::keep(params, prefix);
  std::vector<double> known{std::log(static_cast<double>(Model::spec.vocab))};
  typename Model::template State<M> memory;
  auto moved = params;
  double loss = 0;
  for (Index i = 0; i < text.time() / chunk; ++i) {
    const auto first = static_cast<std::size_t>(i * chunk);
    Pass<M> pass{.rotary = &table,
                 .position = i * chunk,
                 .surprisal = std::span(known).first(first),
                 .slots = given.caches.slots};
    if (Model::scored) pass.keep = keep.middleRows(i * chunk, chunk);
    const M surprisal = cross_entropy(
        Model::logits(moved,
                      Model::suffix(moved, memory, M(prefix.middleRows(i * chunk, chunk)), pass)),
        text.targets().subspan(first, static_cast<std::size_t>(chunk)));
    known.insert(known.end(), surprisal.data(), surprisal.data() + chunk);
    loss += surprisal.cwiseProduct(loss_weights(text, i, shares<double>(text, i, chunk))).sum();
    moved = params;
    std::size_t n = 0;
    for_each_array(
        [&](const Leaf& leaf, M& array) {
          if (leaf.fast) array += steps[static_cast<std::size_t>(i)][n++];
        },
        moved);
  }
  if (Model::scored) {
    loss += given.caches.keep_penalty * (1 + keep.array().exp()).log().mean();
  }
  return loss;
}

TEST_SUITE("learn") {
  TEST_CASE_TEMPLATE("plain_gradient with a cache is the gradient of its loss", Model, Wanting,
                     Signalling, Gating, Attending) {
    const auto params = laws::lively_params<Model>(1);
    const Given<Model> given(2);
    const auto gradient = plain_gradient<Model, double>(params, given.text(), given.caches);
    CHECK(gradient.emphasised > 0);
    CHECK((gradient.keep_penalty > 0) == Model::scored);
    laws::check_gradient(params, gradient.params, [&](const auto& moved) {
      return plain_gradient<Model, double>(moved, given.text(), given.caches).loss;
    });
  }

  TEST_CASE_TEMPLATE("the meta-gradient with a cache is the gradient of the loss", Model, Wanting,
                     Signalling, Gating, Attending) {
    const auto params = laws::lively_params<Model>(1);
    const Given<Model> given(2);
    for (const double clip : {0.0, bound<Model>}) {
      const InnerLoop<> inner{.optimiser = {.rate = 0.1, .clip = clip, .momentum = 0.5}};
      for (const Replay replay : {Replay::kept, Replay::recomputed}) {
        const MetaLearner<Model, double> learner(inner, Order::second, replay, given.caches);
        const auto gradient = learner.gradient(params, given.text());
        Index clipped = 0;
        for (const double norm : gradient.inner_norm) {
          CAPTURE(norm);
          CHECK(std::abs(norm - clip) > 1e-2);  // the quotient stays on one side
          clipped += norm > clip;
        }
        CAPTURE(clip);
        if (clip > 0) CHECK((clipped > 0 && clipped < std::ssize(gradient.inner_norm)));
        laws::check_gradient(params, gradient.params, [&](const auto& moved) {
          return learner.gradient(moved, given.text()).loss;
        });
      }
    }
  }

  TEST_CASE("the soft maximum of keep scores counts where nothing is emphasised") {
    const auto params = laws::lively_params<Wanting>(1);
    Given<Wanting> given(2);
    const auto without = plain_gradient<Wanting, double>(params, given.text(), given.caches);
    given.caches.peak_penalty = 0.4;
    const auto emphasised = plain_gradient<Wanting, double>(params, given.text(), given.caches);
    CHECK(emphasised.keep_penalty == without.keep_penalty);

    const Text prose{given.tokens, given.scored};
    const auto gradient = plain_gradient<Wanting, double>(params, prose, given.caches);
    const auto table = Wanting::rotary<double>(std::max(prose.time(), Wanting::positions));
    Wanting::State<Matrix<double>> before;
    const Matrix<double> keep = Wanting::keep(
        params, Wanting::prefix(params, before, Wanting::embed(params, prose.inputs()),
                                Pass<Matrix<double>>{.rotary = &table}));
    const double peak = std::log((4 * keep.array()).exp().sum()) / 4;
    CHECK(gradient.keep_penalty - without.keep_penalty ==
          doctest::Approx(0.4 * std::log(1 + std::exp(peak + 8))).epsilon(1e-12));
    laws::check_gradient(params, gradient.params, [&](const auto& moved) {
      return plain_gradient<Wanting, double>(moved, prose, given.caches).loss;
    });
    const MetaLearner<Wanting, double> learner({.optimiser = {.rate = 0.1, .clip = 0}},
                                               Order::second, Replay::kept, given.caches);
    const auto meta = learner.gradient(params, prose);
    CHECK(meta.keep_penalty == doctest::Approx(gradient.keep_penalty).epsilon(1e-12));
    laws::check_gradient(params, meta.params,
                         [&](const auto& moved) { return learner.gradient(moved, prose).loss; });
  }

  TEST_CASE_TEMPLATE("learning at rate 0 with a cache is reading without learning", Model, Wanting,
                     Signalling, Gating, Attending) {
    const auto params = laws::lively_params<Model>(3);
    const Given<Model> given(4);
    const auto plain = plain_gradient<Model, double>(params, given.text(), given.caches);
    for (const Order order : {Order::first, Order::second}) {
      for (const Replay replay : {Replay::kept, Replay::recomputed}) {
        const MetaLearner<Model, double> learner({.optimiser = {.rate = 0, .clip = 5}}, order,
                                                 replay, given.caches);
        const auto meta = learner.gradient(params, given.text());
        CHECK(meta.loss == doctest::Approx(plain.loss).epsilon(1e-12));
        CHECK(meta.keep_penalty == doctest::Approx(plain.keep_penalty).epsilon(1e-12));
        for_each_array(
            [&](const Leaf& leaf, const auto& a, const auto& b) {
              CAPTURE(leaf.name);
              CHECK(laws::disagreement(a, b) < 1e-11);
            },
            meta.params, plain.params);
      }
    }
  }

  TEST_CASE_TEMPLATE(
      "the first-order meta-gradient with a cache is the gradient where inner steps are constants",
      Model, Wanting, Signalling, Gating, Attending) {
    const auto params = laws::lively_params<Model>(5);
    const Given<Model> given(6);
    const auto learner = [&](Order order, Replay replay) {
      return MetaLearner<Model, double>({.optimiser = {.rate = 0.1, .clip = bound<Model>}}, order,
                                        replay, given.caches);
    };
    const auto steps =
        recorded_steps<Model>(learner(Order::first, Replay::kept), params, given.text());
    const auto second = learner(Order::second, Replay::kept).gradient(params, given.text());
    for (const Replay replay : {Replay::kept, Replay::recomputed}) {
      const auto first = learner(Order::first, replay).gradient(params, given.text());
      CHECK(first.loss ==
            doctest::Approx(loss_with_steps<Model>(params, given, steps)).epsilon(1e-12));
      CHECK(laws::disagreement(first.params.embedding, second.params.embedding) > 1e-3);
      laws::check_gradient(params, first.params, [&](const auto& moved) {
        return loss_with_steps<Model>(moved, given, steps);
      });
    }
  }
}

}  // namespace
