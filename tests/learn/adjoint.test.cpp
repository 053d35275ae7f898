// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <vector>

#include "laws/meta_gradient.hpp"

namespace {

using namespace ttt;
using laws::Small;

using M = Matrix<double>;
using Params = Small::Params<M>;
using Learner = MetaLearner<Small, M>;

constexpr Index chunk = Small::spec.chunk;
constexpr NoOptions none;

Learner learner(double rate, Order order = Order::second) {
  return Learner({.inner = {.optimiser = {.rate = rate, .max_norm = 5}}, .order = order});
}

/// What each inner step added to the fast weights. \shape [chunks][arrays]
std::vector<FastWeights<M>> recorded_steps(const Params& params, const Text& text) {
  std::vector<FastWeights<M>> steps;
  const auto start = fast_weights(params);
  static_cast<void>(learner(0.1).gradient(params, text, [&](const ChunkView<Small, M>& seen) {
    steps.push_back(seen.fast);
    for (std::size_t n = 0; n < start.size(); ++n) steps.back()[n] -= start[n];
  }));
  return steps;
}

/// The loss of reading with fast weights that are moved by given steps, whatever is read.
double loss_with_steps(const Params& params, const Text& text,
                       const std::vector<FastWeights<M>>& steps) {
  RotaryTables<M> rotary;
  Small::ContextOf<M> context{.spec = Small::spec, .rotary = rotary, .options = none};
  Small::State<M> state;
  const std::size_t border = Small::border(FastSelection{});
  const M prefix =
      Small::prefix(params, state, Small::embed(params, text.inputs()), context, border).rows;
  Small::State<M> memory;
  double loss = 0;
  Params moved = params;
  for (Index i = 0; i < text.time() / chunk; ++i) {
    const auto first = static_cast<std::size_t>(i * chunk);
    context.position = i * chunk;
    const M h =
        Small::suffix(moved, memory, M(prefix.middleRows(i * chunk, chunk)), context, border);
    loss += cross_entropy(Small::logits(moved, h),
                          text.targets().subspan(first, static_cast<std::size_t>(chunk)))
                .mean();
    moved = params;
    std::size_t n = 0;
    for_each_array(
        [&](const Leaf& leaf, M& array) {
          if (leaf.fast) array += steps[static_cast<std::size_t>(i)][n++];
        },
        moved);
  }
  return loss / static_cast<double>(text.time() / chunk);
}

template <class Params>
void check_near(const Params& ours, const Params& theirs, double tolerance) {
  for_each_array(
      [&](const Leaf& leaf, const auto& a, const auto& b) {
        CAPTURE(leaf.name);
        CHECK(laws::disagreement(a, b) < tolerance);
      },
      ours, theirs);
}

TEST_SUITE("learn") {
  TEST_CASE("The first-order meta-gradient is the gradient where the inner steps are constants") {
    const auto params = laws::lively_params<Small>(1);
    const auto tokens = laws::text<Small>(4, 1);
    const auto steps = recorded_steps(params, {.tokens = tokens});
    const auto first = learner(0.1, Order::first).gradient(params, {.tokens = tokens});
    const auto second = learner(0.1, Order::second).gradient(params, {.tokens = tokens});
    CHECK(first.loss == second.loss);
    CHECK(first.loss ==
          doctest::Approx(loss_with_steps(params, {.tokens = tokens}, steps)).epsilon(1e-12));
    CHECK(laws::disagreement(first.params.embedding, second.params.embedding) > 1e-2);
    laws::check_gradient(params, first.params, [&](const Params& moved) {
      return loss_with_steps(moved, {.tokens = tokens}, steps);
    });
  }

  TEST_CASE("Learning at rate 0 is reading without learning, in loss and in gradient") {
    const auto params = laws::lively_params<Small>(2);
    const auto tokens = laws::text<Small>(6, 2);
    std::vector<std::uint8_t> mask(tokens.size() - 1, 1);
    mask[3] = mask[11] = mask[12] = 0;
    const auto plain = plain_gradient<Small, M>(params, {.tokens = tokens, .loss_mask = mask});
    for (const Order order : {Order::first, Order::second}) {
      const auto meta = learner(0, order).gradient(params, {.tokens = tokens, .loss_mask = mask});
      CHECK(meta.loss == doctest::Approx(plain.loss).epsilon(1e-12));
      for (std::size_t t = 0; t < plain.surprisal.size(); ++t) {
        CHECK(meta.surprisal[t] == doctest::Approx(plain.surprisal[t]).epsilon(1e-12));
      }
      check_near(meta.params, plain.params, 1e-11);
    }
  }

  TEST_CASE("A text of one chunk is read before anything is learned") {
    const auto params = laws::lively_params<Small>(3);
    const auto tokens = laws::text<Small>(1, 3);
    const auto plain = plain_gradient<Small, M>(params, {.tokens = tokens});
    const auto meta = learner(1).gradient(params, {.tokens = tokens});
    CHECK(meta.loss == doctest::Approx(plain.loss).epsilon(1e-13));
    check_near(meta.params, plain.params, 1e-12);
  }

  TEST_CASE("A token changes no surprisal before its own, bit for bit, while the model learns") {
    const auto params = laws::lively_params<Small>(4);
    const auto tokens = laws::text<Small>(5, 4);
    const auto before = learner(0.1).gradient(params, {.tokens = tokens}).surprisal;
    for (std::size_t changed = 1; changed < tokens.size(); ++changed) {
      auto others = tokens;
      others[changed] = (others[changed] + 1) % Small::spec.vocab;
      const auto after = learner(0.1).gradient(params, {.tokens = others}).surprisal;
      CAPTURE(changed);
      for (std::size_t t = 0; t + 1 < changed; ++t) CHECK(after[t] == before[t]);
      for (std::size_t t = changed - 1; t < after.size(); ++t) CHECK(after[t] != before[t]);
    }
  }

  TEST_CASE("What a chunk teaches changes later chunks and no bit of its own") {
    const auto params = laws::lively_params<Small>(5);
    const auto tokens = laws::text<Small>(5, 5);
    const auto before = learner(0.1).gradient(params, {.tokens = tokens}).surprisal;
    for (std::size_t left_out = 0; left_out + 1 < tokens.size(); ++left_out) {
      std::vector<std::uint8_t> mask(tokens.size() - 1, 1);
      mask[left_out] = 0;
      const auto after =
          learner(0.1).gradient(params, {.tokens = tokens, .loss_mask = mask}).surprisal;
      const std::size_t next_chunk = (left_out / chunk + 1) * chunk;
      CAPTURE(left_out);
      for (std::size_t t = 0; t < after.size(); ++t) {
        CHECK((after[t] == before[t]) == (t < next_chunk));
      }
    }
  }

  TEST_CASE("A chunk whose targets the loss mask leaves out teaches nothing") {
    const auto params = laws::lively_params<Small>(6);
    const auto tokens = laws::text<Small>(3, 6);
    std::vector<std::uint8_t> mask(tokens.size() - 1, 1);
    std::fill_n(mask.begin(), chunk, std::uint8_t{0});
    const auto start = fast_weights(params);
    const auto gradient = learner(0.1).gradient(
        params, {.tokens = tokens, .loss_mask = mask}, [&](const ChunkView<Small, M>& seen) {
          CAPTURE(seen.number);
          for (std::size_t n = 0; n < start.size(); ++n) {
            CHECK((seen.fast[n] == start[n]) == (seen.number == 0));
          }
        });
    CHECK(gradient.inner_norm[0] == 0);
    CHECK(gradient.chunk_loss[0] == 0);
  }

  TEST_CASE("MetaLearner refuses texts that are not whole chunks, and masks that do not fit") {
    const auto params = laws::lively_params<Small>(7);
    const auto loss = [&](std::size_t tokens, std::size_t masked) {
      const std::vector<Token> ids(tokens, 1);
      const std::vector<std::uint8_t> mask(masked, 1);
      return learner(0.1).gradient(params, {.tokens = ids, .loss_mask = mask}).loss;
    };
    CHECK_THROWS_WITH_AS(loss(10, 0),
                         "meta_gradient: text must have a positive multiple of 5 targets, got 9",
                         RangeError);
    CHECK_THROWS_WITH_AS(loss(0, 0),
                         "meta_gradient: text must have a positive multiple of 5 targets, got 0",
                         RangeError);
    CHECK_THROWS_WITH_AS(loss(11, 11), "meta_gradient: loss_mask must be [10], got [11]",
                         ShapeError);
  }
}

}  // namespace
