// SPDX-License-Identifier: Apache-2.0
#include <ttt/gpu/matrix.cuh>
#include <ttt/learn/trainer.hpp>
#include <ttt/model/session.hpp>

#include <doctest/doctest.h>

#include <span>
#include <vector>

#include "laws/hybrids.hpp"
#include "laws/texts.hpp"

namespace {

using namespace ttt;
using M = gpu::Matrix<double>;

/// How often the host waits for the device while f runs.
template <class F>
Index waits_of(F f) {
  const Index before = gpu::waits();
  f();
  return gpu::waits() - before;
}

TEST_SUITE("gpu") {
  TEST_CASE("the host waits a few times a chunk, however many tensors there are") {
    using Model = laws::LearningHybrid;
    constexpr Index chunks = 8;
    const auto params =
        map_tree<M>([](const Leaf&, const Matrix<double>& array) { return laws::stored<M>(array); },
                    laws::lively_params<Model>(1));
    Random random(5);
    const auto tokens =
        laws::drawn_tokens(chunks * Model::spec.chunk + 1, Model::spec.vocab, random);
    const Text text{.tokens = tokens};
    const std::span first(tokens);

    Session<Model, M> session(params);
    CHECK(waits_of([&] { session.read(first); }) <= 5 * chunks + 3);
    CHECK(waits_of([&] { session.read(first.first(1)); }) <= 3);
    CHECK(waits_of([&] { (void)plain_gradient<Model, M>(params, text); }) == 1);
    CHECK(waits_of([&] { (void)MetaLearner<Model, M>({}).gradient(params, text); }) <= 5 * chunks);
    Trainer<Model, PlainLoss<>, M> trainer({.params = params}, {});
    CHECK(waits_of([&] { trainer.step(std::span(&text, 1)); }) == 4);
  }
}

}  // namespace
