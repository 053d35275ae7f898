// SPDX-License-Identifier: Apache-2.0
#include <ttt/model/foreign_names.hpp>
#include <ttt/model/sampler.hpp>
#include <ttt/model/systems.hpp>

#include <string>

#include "golden/language_models.hpp"

namespace {

using namespace ttt;

/// What the original generates behind the text, greedily, and its logits.
template <class S, class Session>
void check_generating(const file::Archive& archive, Session& session) {
  const auto generated = golden::tokens_of(archive, "generated");
  const auto logits = archive.matrix<double>("generated_logits");
  for (Index t = 0; t < std::ssize(generated); ++t) {
    CAPTURE(t);
    CHECK(laws::disagreement(session.logits(), Matrix<double>(logits.row(t))) <
          golden::pytorch_tolerance<S>.values);
    CHECK(session.generate(1, Greedy{}).front() == at(generated, t));
  }
}

template <class Model, class S>
void check(const std::string& file) {
  CAPTURE(file);
  const auto archive = golden::read("attention", file);
  golden::check_training<Model, S>(archive, foreign::llama);
  const auto params = golden::tree_of<Model, S>(archive, foreign::llama);
  auto session = golden::check_reading<Model, S>(archive, params);
  check_generating<S>(archive, session);
}

/// The shapes of the files. The chunk means nothing to a model that has none.
constexpr ModelSpec spec = checked({.vocab = 53,
                                    .width = 24,
                                    .heads = 4,
                                    .hidden = 36,
                                    .window = 8,
                                    .chunk = 5,
                                    .kv_heads = 2,
                                    .head = 8,
                                    .rotary = {.pairs = RotaryPairs::half_split, .base = 10000},
                                    .norms = Norms::before,
                                    .query_key_norm = QueryKeyNorm::none,
                                    .output = Head::separate});

TEST_SUITE("golden") {
  TEST_CASE_TEMPLATE("Attention agrees with the Llama and the Mistral of transformers", S, double,
                     float) {
    check<FullAttention<spec, 2>, S>("full");
    check<SlidingWindow<spec, 2>, S>("sliding");
  }
}

}  // namespace
