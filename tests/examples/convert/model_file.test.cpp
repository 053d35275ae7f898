// SPDX-License-Identifier: Apache-2.0
#include "convert/model_file.hpp"

#include <ttt/file/safetensors.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace ttt;
using converting::Target;

constexpr ModelSpec ttt_spec = checked({.vocab = 61,
                                        .width = 24,
                                        .heads = 3,
                                        .hidden = 40,
                                        .window = 4,
                                        .chunk = 4,
                                        .norms = Norms::before});
constexpr TttLayer<InnerLearner<inner_model::Mlp>> mlp{
    .rate = 0.4, .backbone = Backbone::mamba, .chunk = 4};
using Mlp = TttModel<ttt_spec, 2, mlp>;

using E2e =
    TttE2e<checked({.vocab = 61, .width = 24, .heads = 3, .hidden = 40, .window = 16, .chunk = 8}),
           4, 2>;

/// The parameters of an original's file, which has other arrays too.
file::Archive originals(const std::string& name) {
  const auto all = file::read(TTT_TEST_DATA "/" + name + ".safetensors");
  file::Archive params("theirs");
  for (const auto& [tensor, data] : all.tensors()) {
    if (tensor.starts_with("param.")) params.set(tensor, data);
  }
  return params;
}

/// The same numbers, rounded to a type.
file::Archive stored_as(file::DType dtype, const file::Archive& theirs) {
  file::Archive rounded("theirs");
  for (const auto& [name, tensor] : theirs.tensors()) {
    file::Tensor flat = tensor;
    flat.shape = {std::ssize(tensor.bytes) / file::describe(tensor.dtype).bytes};
    const auto elements = file::TensorView(flat, name).matrix<double>();
    rounded.set(name, elements, {.dtype = dtype, .shape = tensor.shape});
  }
  return rounded;
}

/// A model file of it.
file::Archive converted(const Target& target, const file::Archive& theirs,
                        file::DType dtype = file::DType::f32) {
  const auto& family = converting::named("--from", foreign::families, target.family);
  const auto tensors = target.tensors(family.names, "param.");
  file::expect_foreign(theirs, tensors);
  return converting::model_file(target, family.name, theirs, tensors, dtype);
}

constexpr Target tiny_mlp = converting::target<Mlp>("tiny_mlp", "ttt_lm_pytorch");
constexpr Target tiny_e2e = converting::target<E2e>("tiny_e2e", "ttt_e2e");

/// Parameters of a model of the list.
Index parameters(std::string_view name) {
  const auto& target = converting::named("--model", converting::targets, name);
  const auto& family = converting::named("--from", foreign::families, target.family);
  Index count = 0;
  for (const auto& tensor : target.tensors(family.names, "")) count += tensor.rows * tensor.cols;
  return count;
}

TEST_SUITE("examples") {
  TEST_CASE("a model file of a TTT-MLP of the original is read as its parameters") {
    const auto theirs = originals("ttt_layers/mlp_mamba");
    const auto ours = converted(tiny_mlp, theirs);
    CHECK(ours.text("recipe") == "model tiny_mlp, converted from ttt_lm_pytorch");
    const auto params = params_from<Mlp>(ours);
    const auto expected = file::foreign_tree<Matrix<float>>(theirs, foreign::ttt_lm_pytorch,
                                                            "param.", Mlp::tensors());
    for_each_array(
        [](const Leaf& leaf, const Matrix<float>& a, const Matrix<float>& b) {
          CAPTURE(leaf.name);
          CHECK(a == b);
        },
        params, expected);
  }

  TEST_CASE("stacks of blocks of TTT-E2E are taken apart, those of learning blocks too") {
    const auto theirs = originals("ttt_e2e/meta");
    const auto params = params_from<E2e>(converted(tiny_e2e, theirs));
    const auto part = [&](const std::string& name, Index slice) {
      return theirs.view("param.model.h." + name).slice(slice).matrix<float>();
    };
    const auto arrays = parts_of(params).arrays;
    const auto ours = [&](const std::string& name) {
      const auto found = std::ranges::find(arrays, "model.h.blocks." + name,
                                           [](const auto& array) { return array.leaf.name; });
      REQUIRE(found != arrays.end());
      return *found->array;
    };
    CHECK(ours("1.feed_forward.w2.weight") == part("blocks.feed_forward.w2.weight", 1));
    CHECK(ours("3.feed_forward.w2.weight") == part("blocks.feed_forward.w2.weight", 3));
    CHECK(ours("2.feed_forward_prime.w1.weight") ==
          part("prime_storage.feed_forward_prime.w1.weight", 0));
    CHECK(ours("3.ffn_prime_norm.weight") == part("prime_storage.ffn_prime_norm.weight", 1));
  }

  TEST_CASE("types of 16 bits are read and written") {
    const auto theirs = originals("ttt_e2e/meta");
    for (const auto dtype : {file::DType::bf16, file::DType::f16}) {
      const auto whole = converted(tiny_e2e, theirs);
      const auto half = converted(tiny_e2e, stored_as(dtype, theirs));
      const std::string embedding = "model.wte.weight";
      const Matrix<double> exact = whole.matrix<double>(embedding);
      const Matrix<double> rounded = half.matrix<double>(embedding);
      CHECK(rounded != exact);
      CHECK((rounded - exact).cwiseAbs().maxCoeff() < exact.cwiseAbs().maxCoeff() / 256);
    }
    const auto ours = converted(tiny_e2e, theirs, file::DType::bf16);
    for (const auto& [name, tensor] : ours.tensors()) CHECK(tensor.dtype == file::DType::bf16);
    CHECK_NOTHROW(static_cast<void>(params_from<E2e>(ours)));
  }

  TEST_CASE("a number that is not finite, and a tensor that is not there, are refused by name") {
    auto theirs = originals("ttt_e2e/meta");
    Matrix<double> norm = theirs.matrix<double>("param.model.ln_f.weight");
    norm(0, 3) = std::numeric_limits<double>::infinity();
    theirs.set("param.model.ln_f.weight", norm, {.shape = {norm.size()}});
    CHECK_THROWS_WITH_AS(static_cast<void>(converted(tiny_e2e, theirs)),
                         "read: theirs: tensor \"param.model.ln_f.weight\" must be finite",
                         NumberError);
    CHECK_THROWS_WITH_AS(
        static_cast<void>(converted(tiny_mlp, originals("ttt_layers/mlp_transformer"))),
        doctest::Contains("missing \"param.model.layers.0.conv.norm.weight\", "), FormatError);
  }

  TEST_CASE("a plan has a line for what is read, with types, shapes and layouts") {
    const auto theirs = originals("ttt_layers/mlp_mamba");
    const auto tensors = tiny_mlp.tensors(foreign::ttt_lm_pytorch, "param.");
    const std::string lines = converting::plan(theirs, tensors);
    CHECK(lines.find("param.model.layers.1.mlp.gate_proj.weight F64 [40, 24] transposed -> "
                     "model.h.blocks.1.feed_forward.w1.weight [24, 40]\n") != std::string::npos);
    CHECK(std::ranges::count(lines, '\n') == std::ssize(tensors));
    CHECK(converting::plan(file::Archive("theirs"), tensors).empty());
  }

  TEST_CASE("models of the list have names of their own, families, and the published sizes") {
    std::set<std::string_view> names;
    for (const auto& target : converting::targets) {
      CAPTURE(target.name);
      CHECK(names.insert(target.name).second);
      CHECK(parameters(target.name) > 100'000'000);
    }
    CHECK(parameters("tiny_llama_1b") == 1'100'048'384);
    CHECK(parameters("llama_2_7b") == 6'738'415'616);
    CHECK(parameters("mistral_7b") == 7'241'732'096);
    CHECK_THROWS_WITH_AS(static_cast<void>(parameters("llama_3")),
                         doctest::Contains("--model must be of ttt_linear_125m, "), RangeError);
  }
}

}  // namespace
