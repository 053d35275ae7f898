// SPDX-License-Identifier: Apache-2.0
#include <ttt/model/sampler.hpp>
#include <ttt/model/systems.hpp>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "golden/language_models.hpp"

namespace {

using namespace ttt;

/// A tensor of ours in the file's terms. PyTorch has matrices as [out, in], ours are [in, out].
struct Theirs {
  std::string name;
  bool transposed;
};

Theirs theirs(const std::string& ours) {
  if (ours == "model.wte.weight") return {"model.embed_tokens.weight", false};
  if (ours == "model.ln_f.weight") return {"model.norm.weight", false};
  if (ours == "lm_head.weight") return {ours, true};
  const std::string blocks = "model.h.blocks.";
  REQUIRE(ours.starts_with(blocks));
  const std::size_t dot = ours.find('.', blocks.size());
  const std::string part = ours.substr(dot + 1);
  const auto in_layer = [&](const std::string& name, bool transposed) {
    return Theirs{"model.layers." + ours.substr(blocks.size(), dot - blocks.size()) + '.' + name,
                  transposed};
  };
  if (part == "seq_norm.weight") return in_layer("input_layernorm.weight", false);
  if (part == "ffn_norm.weight") return in_layer("post_attention_layernorm.weight", false);
  const std::vector<std::pair<std::string, std::string>> matrices{
      {"seq_modeling_block.wq", "self_attn.q_proj"},
      {"seq_modeling_block.wk", "self_attn.k_proj"},
      {"seq_modeling_block.wv", "self_attn.v_proj"},
      {"seq_modeling_block.wo", "self_attn.o_proj"},
      {"feed_forward.w1", "mlp.gate_proj"},
      {"feed_forward.w2", "mlp.down_proj"},
      {"feed_forward.w3", "mlp.up_proj"}};
  for (const auto& [name, other] : matrices) {
    if (part == name + ".weight") return in_layer(other + ".weight", true);
  }
  FAIL("no tensor of the file is " << ours);
  return {};
}

Matrix<double> array(const file::Archive& archive, const std::string& kind,
                     const std::string& ours) {
  const auto [name, transposed] = theirs(ours);
  const auto stored = archive.matrix<double>(kind + name);
  return transposed ? Matrix<double>(stored.transpose()) : stored;
}

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
  const auto params = golden::params_of<S>(archive, Model::tensors(), array);
  golden::check_training<Model, S>(archive, params, array);
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
