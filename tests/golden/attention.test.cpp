// SPDX-License-Identifier: Apache-2.0
#include <ttt/ttt.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "laws/numbers.hpp"

namespace {

using namespace ttt;
using laws::disagreement;

/// Agreement with arrays that LlamaForCausalLM and MistralForCausalLM of transformers made in
/// double precision, relative to the largest entry of each.
template <class S>
struct Tolerance {
  double values;
  double gradients;
};
template <class S>
constexpr Tolerance<S> tolerance{1e-10, 1e-9};
/// Single precision keeps seven digits.
template <>
constexpr Tolerance<float> tolerance<float>{1e-4, 1e-4};

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

template <class Model, class S>
typename Model::template Params<Matrix<S>> params_of(const file::Archive& archive) {
  return map_tree<Matrix<S>>(
      [&](const Leaf& leaf, const TensorSpec& tensor) -> Matrix<S> {
        if (tensor.rows == 0) return {};
        const auto param = array(archive, "param.", leaf.name);
        CAPTURE(leaf.name);
        REQUIRE(param.rows() == tensor.rows);
        REQUIRE(param.cols() == tensor.cols);
        return param.template cast<S>();
      },
      Model::tensors());
}

std::vector<Token> tokens_of(const file::Archive& archive, const char* name) {
  const auto wide = archive.integers(name);
  return {wide.begin(), wide.end()};
}

/// Loss, and the gradient of every parameter.
template <class Model, class S>
void check_gradient(const file::Archive& archive,
                    const typename Model::template Params<Matrix<S>>& params) {
  const auto tokens = tokens_of(archive, "input_ids");
  const auto gradient = plain_gradient<Model, Matrix<S>>(params, {.tokens = tokens});
  CHECK(gradient.loss ==
        doctest::Approx(archive.matrix<double>("loss")(0, 0)).epsilon(tolerance<S>.values));
  for_each_array(
      [&](const Leaf& leaf, const Matrix<S>& ours) {
        if (ours.size() == 0) return;
        CAPTURE(leaf.name);
        CHECK(disagreement(ours, array(archive, "grad.", leaf.name)) < tolerance<S>.gradients);
      },
      gradient.params);
}

/// Logits behind every token, read one at a time, whole, or with a cut, and the continuation.
template <class Model, class S>
void check_reading(const file::Archive& archive,
                   const typename Model::template Params<Matrix<S>>& params) {
  const auto tokens = tokens_of(archive, "input_ids");
  const auto logits = archive.matrix<double>("logits");
  Session<Model, Matrix<S>> session(params);
  for (Index t = 0; t < std::ssize(tokens); ++t) {
    session.read(std::span(tokens).subspan(static_cast<std::size_t>(t), 1));
    CAPTURE(t);
    CHECK(disagreement(session.logits(), Matrix<double>(logits.row(t))) < tolerance<S>.values);
  }
  for (const std::size_t cut : {0U, 1U, 11U}) {
    Session<Model, Matrix<S>> other(params);
    other.read(std::span(tokens).first(cut));
    other.read(std::span(tokens).subspan(cut));
    CAPTURE(cut);
    CHECK(disagreement(other.logits(), Matrix<double>(logits.bottomRows(1))) < tolerance<S>.values);
  }
  const auto generated = tokens_of(archive, "generated");
  const auto generated_logits = archive.matrix<double>("generated_logits");
  for (Index t = 0; t < std::ssize(generated); ++t) {
    CAPTURE(t);
    CHECK(disagreement(session.logits(), Matrix<double>(generated_logits.row(t))) <
          tolerance<S>.values);
    CHECK(session.generate(1, Greedy{}).front() == at(generated, t));
  }
}

template <class Model, class S>
void check(const std::string& file) {
  CAPTURE(file);
  const auto archive = file::read(TTT_TEST_DATA "/attention/" + file + ".safetensors");
  const auto params = params_of<Model, S>(archive);
  check_gradient<Model, S>(archive, params);
  check_reading<Model, S>(archive, params);
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
