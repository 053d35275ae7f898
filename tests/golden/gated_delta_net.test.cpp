// SPDX-License-Identifier: Apache-2.0
#include <ttt/layer/gated_delta_net.hpp>
#include <ttt/model/foreign_names.hpp>
#include <ttt/model/lift.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "golden/trees.hpp"

namespace {

using namespace ttt;
using golden::pytorch_tolerance;
using laws::disagreement;

using Shapes = GatedDeltaNet::Params<TensorSpec>;
using Params = GatedDeltaNet::Params<Matrix<double>>;
using State = GatedDeltaNet::State<Matrix<double>>;

/// The names of the layer alone, in a table of a model's.
std::vector<file::ForeignName> layer_names() {
  constexpr std::string_view ours = "model.h.blocks.*.delta_net.";
  constexpr std::string_view theirs = "model.layers.*.attn.";
  std::vector<file::ForeignName> names;
  for (file::ForeignName name : foreign::gated_delta_net) {
    if (!name.ours.starts_with(ours)) continue;
    REQUIRE(name.theirs.starts_with(theirs));
    name.ours.remove_prefix(ours.size());
    name.theirs.remove_prefix(theirs.size());
    names.push_back(name);
  }
  return names;
}

/// The layer of flash-linear-attention in a file.
struct Fla {
  [[nodiscard]] static Params params(const file::Archive& archive, const std::string& kind,
                                     const Shapes& shapes) {
    return file::foreign_tree<Matrix<double>>(archive, layer_names(), kind, shapes);
  }
  [[nodiscard]] static State last(const file::Archive& archive) {
    return {.q_conv = golden::past(archive.view("final.conv_q")),
            .k_conv = golden::past(archive.view("final.conv_k")),
            .v_conv = golden::past(archive.view("final.conv_v")),
            .delta = golden::heads_beside(archive.view("final.state"), true)};
  }
};

/// The layer of Qwen3-Next: two projections have the rows of all heads, of each head of keys its
/// own and those of its heads of values; one convolution has queries, keys and values.
struct Qwen3Next {
  Index heads, value_heads, key, value;

  [[nodiscard]] Params params(const file::Archive& archive, const std::string& kind,
                              const Shapes& shapes) const {
    const auto of_heads = [&](const std::string& stack, Index before, Index own) {
      const auto rows = archive.matrix<double>(kind + stack);
      const Index all = rows.rows() / heads;
      Matrix<double> chosen(heads * own, rows.cols());
      for (Index h = 0; h < heads; ++h) {
        chosen.middleRows(h * own, own) = rows.middleRows(h * all + before, own);
      }
      return Matrix<double>(chosen.transpose());
    };
    const Index shared = value_heads / heads;
    const Index values = shared * value;
    const auto taps =
        file::foreign_array<Matrix<double>>(archive, {.theirs = kind + "conv1d.weight",
                                                      .layout = file::Layout::taps,
                                                      .rows = shapes.q_conv.weight.rows,
                                                      .cols = 2 * keys() + heads * values});
    const auto vector = [&](const char* name) { return archive.matrix<double>(kind + name); };
    return {.wq = of_heads("in_proj_qkvz.weight", 0, key),
            .wk = of_heads("in_proj_qkvz.weight", key, key),
            .wv = of_heads("in_proj_qkvz.weight", 2 * key, values),
            .wg = of_heads("in_proj_qkvz.weight", 2 * key + values, values),
            .wa = of_heads("in_proj_ba.weight", shared, shared),
            .wb = of_heads("in_proj_ba.weight", 0, shared),
            .q_conv = {.weight = taps.leftCols(keys()), .bias = {}},
            .k_conv = {.weight = taps.middleCols(keys(), keys()), .bias = {}},
            .v_conv = {.weight = taps.rightCols(heads * values), .bias = {}},
            .numbers = {.step_bias = vector("dt_bias"), .log_rate = vector("A_log")},
            .norm = vector("norm.weight"),
            .wo = vector("out_proj.weight").transpose()};
  }
  [[nodiscard]] State last(const file::Archive& archive) const {
    const auto past = golden::past(archive.view("final.conv"));
    return {.q_conv = past.leftCols(keys()),
            .k_conv = past.middleCols(keys(), keys()),
            .v_conv = past.rightCols(value_heads * value),
            .delta = golden::heads_beside(archive.view("final.state"), false)};
  }

 private:
  [[nodiscard]] Index keys() const { return heads * key; }
};

/// A layer alone: what it makes of the rows of a text, whole, in parts and one by one, the state
/// behind them, and the gradients of its parameters and of the rows.
template <class S, class Theirs>
void check_layer(const std::string& file, const GatedDeltaNet& layer, const Theirs& theirs) {
  using M = Matrix<S>;
  CAPTURE(file);
  const auto archive = golden::read("gated_delta_net", file);
  const M x = archive.matrix<S>("x");
  const ModelSpec spec{
      .vocab = 2, .width = x.cols(), .heads = 1, .hidden = 1, .window = 1, .chunk = 1};
  RotaryTables<M> rotary;
  const NoOptions options;
  const auto shapes = layer.tensors(spec);
  const auto params = map_tree<M>(
      [](const Leaf&, const Matrix<double>& param) -> M { return param.template cast<S>(); },
      theirs.params(archive, "param.", shapes));
  for (const Index part : {x.rows(), Index{5}, Index{1}}) {
    CAPTURE(part);
    GatedDeltaNet::State<M> state;
    const auto expected = archive.matrix<double>(part == 1 ? "decode.y" : "y");
    for (Index at = 0; at < x.rows(); at += part) {
      const Index count = std::min(part, x.rows() - at);
      const Context<M> context{.spec = spec, .rotary = rotary, .position = at, .options = options};
      const M y = layer.read(params, state, M(x.middleRows(at, count)), context);
      layer.validate(state, at + count, spec);
      CHECK(disagreement(y, Matrix<double>(expected.middleRows(at, count))) <
            pytorch_tolerance<S>.values);
    }
    golden::check_trees(state, theirs.last(archive), pytorch_tolerance<S>.values);
  }

  GatedDeltaNet::Params<M> gradient;
  M of_x;
  Tape<M> tape;
  const auto lifted = leaves(tape, params, gradient);
  const GatedDeltaNet::State<M> nothing;
  auto state = constants(tape, nothing);
  const Context<Var<M>> context{.spec = spec, .rotary = rotary, .options = options};
  tape.seed(layer.read(lifted, state, tape.leaf(x, of_x), context), archive.matrix<S>("cotangent"));
  tape.pull_back();
  CHECK(disagreement(of_x, archive.matrix<double>("grad.x")) < pytorch_tolerance<S>.gradients);
  golden::check_trees(gradient, theirs.params(archive, "grad.", shapes),
                      pytorch_tolerance<S>.gradients);
}

/// The rule alone, with the state before it: what it reads, the state behind it, and the gradients
/// of all that goes in. The original's queries are scaled by it.
template <class S>
void check_rule(const std::string& file) {
  CAPTURE(file);
  const auto archive = golden::read("gated_delta_net", file);
  const Index heads = golden::setting(archive, "heads");
  const double scale = 1 / std::sqrt(static_cast<double>(golden::setting(archive, "key")));
  const auto input = [&](const std::string& name) {
    return name.ends_with("state") ? golden::heads_beside(archive.view(name), false)
                                   : golden::rows_of(archive, name);
  };
  golden::Function<S> delta({"q", "k", "v", "beta", "g", "initial_state"}, input);
  const DeltaRule rule{.heads = {.heads = heads, .groups = heads},
                       .chunk = golden::setting(archive, "chunk")};
  Var<Matrix<S>> state = delta[5];
  const Var<Matrix<S>> q = scale_heads(delta[0], delta.constant(scale));
  delta.check_result(
      rule.read(state, DeltaRows<Var<Matrix<S>>>{q, delta[1], delta[2], delta[3], delta[4]}), "o");
  delta.check_result(state, "final_state");
  delta.check_gradients();
}

TEST_SUITE("golden") {
  TEST_CASE_TEMPLATE("A delta rule agrees with that of flash-linear-attention", S, double, float) {
    check_rule<S>("rule");
  }

  TEST_CASE_TEMPLATE("GatedDeltaNet agrees with the layer of flash-linear-attention", S, double,
                     float) {
    check_layer<S>("fla_layer", {.heads = 2, .key = 6, .value = 12, .chunk = 8}, Fla{});
    check_layer<S>("fla_layer_grouped",
                   {.heads = 2,
                    .value_heads = 4,
                    .key = 4,
                    .value = 6,
                    .taps = 3,
                    .conv_bias = Bias::learned,
                    .rate = 2,
                    .epsilon = 1e-6,
                    .chunk = 5},
                   Fla{});
  }

  TEST_CASE_TEMPLATE("GatedDeltaNet agrees with the layer of Qwen3-Next", S, double, float) {
    check_layer<S>(
        "qwen3_next_layer",
        {.heads = 2, .value_heads = 4, .key = 6, .value = 5, .epsilon = 1e-6, .chunk = 8},
        Qwen3Next{.heads = 2, .value_heads = 4, .key = 6, .value = 5});
  }
}

}  // namespace
