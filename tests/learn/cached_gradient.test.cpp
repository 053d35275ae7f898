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
using laws::Keeping;
using laws::Retaining;
using laws::Signalling;

using M = Matrix<double>;

/// Whether a model has keep scores.
template <class Model>
constexpr bool has_keep_scores = std::is_same_v<typename Model::Side, KeepScores>;
/// Whether it has a side output, which is keep scores or retentions.
template <class Model>
constexpr bool has_side = !std::is_same_v<typename Model::Side, NoSide>;

/// A text with targets left out and others weighted, and a cache that uses fewer slots than it has.
template <class Model>
struct Given {
  std::vector<Token> tokens;
  std::vector<std::uint8_t> mask;
  std::vector<float> weights;
  CacheOptions caches{
      .slots = 4, .keep_penalty = has_keep_scores<Model> ? 0.3 : 0.0, .capacity_penalty = 0.2};

  explicit Given(std::uint64_t seed)
      : tokens(laws::text<Model>(7, seed)),
        mask(tokens.size() - 1, 1),
        weights(tokens.size() - 1, 0) {
    mask[2] = mask[11] = 0;
    weights[1] = 0.25F;
    weights[tokens.size() - 3] = 0.5F;
  }

  [[nodiscard]] Text text() const {
    return {.tokens = tokens, .loss_mask = mask, .loss_weight = weights};
  }
};

/// Of the inner gradient's norm: one that clips some chunks.
template <class Model>
constexpr double bound = 3.0;
template <>
constexpr double bound<Keeping> = 5.0;
template <>
constexpr double bound<Gating> = 1.6;
template <>
constexpr double bound<Retaining> = 5.0;

/// By how much the weights that retentions leave to tokens outside the window exceed four, on
/// average.
double mean_excess(const M& log_retention, Index window) {
  double sum = 0;
  for (Index head = 0; head < log_retention.cols(); ++head) {
    for (Index t = 0; t < log_retention.rows(); ++t) {
      double weight = 0;
      for (Index i = 0; i <= t - window; ++i) {
        weight += std::exp(static_cast<double>(t - i) * log_retention(i, head));
      }
      sum += std::max(0.0, weight - 4);
    }
  }
  return sum / static_cast<double>(log_retention.size());
}

/// What each inner step added to the fast weights. \shape [chunks][arrays]
template <class Model>
std::vector<FastWeights<M>> recorded_steps(const MetaLearner<Model, M>& learner,
                                           const typename Model::template Params<M>& params,
                                           const Text& text) {
  std::vector<FastWeights<M>> steps;
  const auto start = fast_weights(params);
  static_cast<void>(learner.gradient(params, text, [&](const ChunkView<Model, M>& seen) {
    steps.push_back(seen.fast);
    for (std::size_t n = 0; n < start.size(); ++n) steps.back()[n] -= start[n];
  }));
  return steps;
}

/// The loss of reading with fast weights that are moved by given steps, whatever is read.
template <class Model>
double loss_with_steps(const typename Model::template Params<M>& params, const Given<Model>& given,
                       const std::vector<FastWeights<M>>& steps) {
  constexpr Index chunk = Model::spec.chunk;
  const Text text = given.text();
  RotaryTables<M> rotary;
  typename Model::template ContextOf<M> context{
      .spec = Model::spec, .rotary = rotary, .options = given.caches};
  typename Model::template State<M> before;
  const std::size_t border = Model::border(FastSelection{});
  const auto crossed =
      Model::prefix(params, before, Model::embed(params, text.inputs()), context, border);
  std::vector<double> known{std::log(static_cast<double>(Model::spec.vocab))};
  typename Model::template State<M> memory;
  auto moved = params;
  double loss = 0;
  for (Index i = 0; i < text.time() / chunk; ++i) {
    const auto first = static_cast<std::size_t>(i * chunk);
    const auto rows = [&](const M& all) { return M(all.middleRows(i * chunk, chunk)); };
    context.position = i * chunk;
    if constexpr (has_side<Model>) context.side = {rows(crossed.side.keep)};
    const M nats = cross_entropy(
        Model::logits(moved, Model::suffix(moved, memory, rows(crossed.rows), context, border)),
        text.targets().subspan(first, static_cast<std::size_t>(chunk)));
    known.insert(known.end(), nats.data(), nats.data() + chunk);
    Model::observe(memory, std::span(known).subspan(first, static_cast<std::size_t>(chunk)));
    loss += nats.cwiseProduct(column<M>(target_weights(text, {text.time(), chunk}, i))).sum();
    moved = params;
    std::size_t n = 0;
    for_each_array(
        [&](const Leaf& leaf, M& array) {
          if (leaf.fast) array += steps[static_cast<std::size_t>(i)][n++];
        },
        moved);
  }
  if constexpr (has_keep_scores<Model>) {
    loss += given.caches.keep_penalty * (1 + crossed.side.keep.array().exp()).log().mean();
  } else if constexpr (has_side<Model>) {
    loss += given.caches.capacity_penalty * mean_excess(crossed.side.keep, Model::spec.window);
  }
  return loss;
}

TEST_SUITE("learn") {
  TEST_CASE_TEMPLATE("plain_gradient with a cache is the gradient of its loss", Model, Keeping,
                     Signalling, Gating, Attending, Retaining) {
    const auto params = laws::lively_params<Model>(1);
    const Given<Model> given(2);
    const auto gradient = plain_gradient<Model, M>(params, given.text(), given.caches);
    CHECK(gradient.weighted > 0);
    CHECK((gradient.auxiliary > 0) == has_side<Model>);
    laws::check_gradient(params, gradient.params, [&](const auto& moved) {
      return plain_gradient<Model, M>(moved, given.text(), given.caches).loss;
    });
  }

  TEST_CASE_TEMPLATE("the meta-gradient with a cache is the gradient of the loss", Model, Keeping,
                     Signalling, Gating, Attending, Retaining) {
    const auto params = laws::lively_params<Model>(1);
    const Given<Model> given(2);
    for (const double most : {0.0, bound<Model>}) {
      const InnerLoop<> inner{.optimiser = {.rate = 0.1, .max_norm = most, .momentum = 0.5}};
      for (const Checkpointing checkpointing : {Checkpointing::stored, Checkpointing::recomputed}) {
        const MetaLearner<Model, M> learner(
            {.inner = inner, .checkpointing = checkpointing, .layers = given.caches});
        const auto gradient = learner.gradient(params, given.text());
        Index clipped = 0;
        for (const double norm : gradient.inner_norm) {
          CAPTURE(norm);
          CHECK(std::abs(norm - most) > 1e-2);  // the quotient stays on one side
          clipped += norm > most;
        }
        CAPTURE(most);
        if (most > 0) CHECK((clipped > 0 && clipped < std::ssize(gradient.inner_norm)));
        laws::check_gradient(params, gradient.params, [&](const auto& moved) {
          return learner.gradient(moved, given.text()).loss;
        });
      }
    }
  }

  TEST_CASE("the soft maximum of keep scores adds its penalty, once a text") {
    const auto params = laws::lively_params<Keeping>(1);
    Given<Keeping> given(2);
    const auto without = plain_gradient<Keeping, M>(params, given.text(), given.caches);
    given.caches.peak_penalty = 0.4;

    const Text prose{.tokens = given.tokens, .loss_mask = given.mask};
    const auto gradient = plain_gradient<Keeping, M>(params, prose, given.caches);
    RotaryTables<M> rotary;
    Keeping::State<M> before;
    const M keep =
        Keeping::prefix(params, before, Keeping::embed(params, prose.inputs()),
                        {.spec = Keeping::spec, .rotary = rotary, .options = given.caches},
                        Keeping::border(FastSelection{}))
            .side.keep;
    const double peak = std::log((4 * keep.array()).exp().sum()) / 4;
    CHECK(gradient.auxiliary - without.auxiliary ==
          doctest::Approx(0.4 * std::log(1 + std::exp(peak + 8))).epsilon(1e-12));
    laws::check_gradient(params, gradient.params, [&](const auto& moved) {
      return plain_gradient<Keeping, M>(moved, prose, given.caches).loss;
    });
    const MetaLearner<Keeping, M> learner(
        {.inner = {.optimiser = {.rate = 0.1, .max_norm = 0}}, .layers = given.caches});
    const auto meta = learner.gradient(params, prose);
    CHECK(meta.auxiliary == doctest::Approx(gradient.auxiliary).epsilon(1e-12));
    laws::check_gradient(params, meta.params,
                         [&](const auto& moved) { return learner.gradient(moved, prose).loss; });
  }

  TEST_CASE_TEMPLATE("learning at rate 0 with a cache is reading without learning", Model, Keeping,
                     Signalling, Gating, Attending, Retaining) {
    const auto params = laws::lively_params<Model>(3);
    const Given<Model> given(4);
    const auto plain = plain_gradient<Model, M>(params, given.text(), given.caches);
    for (const Order order : {Order::first, Order::second}) {
      for (const Checkpointing checkpointing : {Checkpointing::stored, Checkpointing::recomputed}) {
        const MetaLearner<Model, M> learner({.inner = {.optimiser = {.rate = 0, .max_norm = 5}},
                                             .order = order,
                                             .checkpointing = checkpointing,
                                             .layers = given.caches});
        const auto meta = learner.gradient(params, given.text());
        CHECK(meta.loss == doctest::Approx(plain.loss).epsilon(1e-12));
        CHECK(meta.auxiliary == doctest::Approx(plain.auxiliary).epsilon(1e-12));
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
      Model, Keeping, Signalling, Gating, Attending, Retaining) {
    const auto params = laws::lively_params<Model>(5);
    const Given<Model> given(6);
    const auto learner = [&](Order order, Checkpointing checkpointing) {
      return MetaLearner<Model, M>({.inner = {.optimiser = {.rate = 0.1, .max_norm = bound<Model>}},
                                    .order = order,
                                    .checkpointing = checkpointing,
                                    .layers = given.caches});
    };
    const auto steps =
        recorded_steps<Model>(learner(Order::first, Checkpointing::stored), params, given.text());
    const auto second =
        learner(Order::second, Checkpointing::stored).gradient(params, given.text());
    for (const Checkpointing checkpointing : {Checkpointing::stored, Checkpointing::recomputed}) {
      const auto first = learner(Order::first, checkpointing).gradient(params, given.text());
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
