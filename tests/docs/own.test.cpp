// SPDX-License-Identifier: Apache-2.0
#include <ttt/ttt.hpp>

#include <doctest/doctest.h>

#include "laws/layer.hpp"
#include "laws/meta_gradient.hpp"
#include "laws/operation.hpp"

// What the documentation shows how to write, each in a namespace; its headers are included above.
namespace layer {
#include "../../docs/snippets/layer.cpp"
}
namespace inner {
#include "../../docs/snippets/inner.cpp"
}
namespace operation {
#include "../../docs/snippets/operation.cpp"
}

namespace {

using namespace ttt;

TEST_SUITE("docs") {
  TEST_CASE("the layer of the documentation is causal, streams and has its gradient") {
    laws::check_layer<layer::Shift, layer::spec>();
  }

  TEST_CASE("layer, inner optimiser and inner loss of the documentation give the meta-gradient") {
    using Inner = InnerLoop<inner::Fading, inner::NotTheWildest>;
    const Inner loop{.optimiser = {.rate = 0.1, .keep = 0.9}, .loss = {.below = 4}};
    const auto params = laws::lively_params<layer::Model>(1);
    const auto tokens = laws::text<layer::Model>(4, 1);
    const MetaLearner<layer::Model, Matrix<double>, Inner> learner({.inner = loop});
    const auto gradient = learner.gradient(params, {.tokens = tokens});
    for (const double loss : gradient.surprisal) CHECK(std::abs(loss - loop.loss.below) > 1e-2);
    laws::check_gradient(params, gradient.params, [&](const auto& moved) {
      return learner.gradient(moved, {.tokens = tokens}).loss;
    });
  }

  TEST_CASE("the operation of the documentation has its derivatives") {
    Random random(5);
    laws::check_operation(operation::Square{}, laws::normal(3, 21, random));
  }
}

}  // namespace
