// SPDX-License-Identifier: Apache-2.0
#include <ttt/layer/causal_conv.hpp>
#include <ttt/learn/trainer.hpp>

#include "laws/hybrids.hpp"
#include "laws/recurrences.hpp"
#include "storage/agrees.hpp"

namespace {

using namespace ttt;

/// Every layer that the other models lack: convolutions, LayerNorm, fast weights of an attention.
constexpr ModelSpec layered = checked({.vocab = 11,
                                       .width = 6,
                                       .heads = 3,
                                       .hidden = 5,
                                       .window = 7,
                                       .chunk = 4,
                                       .kv_heads = 1,
                                       .norm = NormKind::layer});
using Layered = LanguageModel<
    layered, Repeat<1, Block<CausalConv<3>, Attend<Window>, SwiGlu>>,
    Repeat<1, Block<With<Fast<Attend<Window>>{.names = {"fast_norm", "fast", "fast_post_norm"}}>,
                    CausalConv<2>>>>;

TEST_SUITE("storage") {
  TEST_CASE_TEMPLATE("a model on another storage agrees in gradients and sessions", Model,
                     laws::Small, laws::Other, laws::Own, laws::Twice, laws::LearningHybrid,
                     laws::LearningDeltaNet, Layered) {
    storage::check_model<Model>(laws::lively_params<Model>(2));
  }

  TEST_CASE("a trainer on another storage takes the same steps") {
    using Model = laws::Small;
    using Host = Matrix<double>;
    using P = storage::Tested<double>;
    const auto params = laws::lively_params<Model>(1);
    const storage::Reading reading(3 * Model::spec.chunk, Model::spec.vocab);
    const std::vector<Text> batch{reading.text(), {.tokens = reading.tokens, .weight = 0.5F}};
    Trainer<Model, MetaLoss<>, Host> theirs({.params = params}, {.threads = 2});
    Trainer<Model, MetaLoss<>, P> ours({.params = storage::moved<P>(params)}, {.threads = 2});
    for (int step = 0; step < 3; ++step) {
      const StepReport report = ours.step(batch);
      const StepReport expected = theirs.step(batch);
      storage::check_near({report.loss, report.norm}, {expected.loss, expected.norm});
    }
    for_each_array(
        [](const Leaf& leaf, const P& a, const Host& b) {
          CAPTURE(leaf.name);
          // Adam's quotient of a small gradient by its own size amplifies rounding.
          CHECK(laws::disagreement(laws::fetched(a), b) < 1e-9);
        },
        ours.state().params, theirs.state().params);
  }

  TEST_CASE("initial parameters are the same on every storage") {
    const auto host = laws::Small::initial<Matrix<double>>(3);
    const auto plain = laws::Small::initial<storage::Tested<double>>(3);
    for_each_array([](const Leaf&, const storage::Tested<double>& a,
                      const Matrix<double>& b) { CHECK(laws::fetched(a) == b); },
                   plain, host);
  }
}

}  // namespace
