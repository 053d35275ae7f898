// SPDX-License-Identifier: Apache-2.0
#include <ttt/layer/gated_delta_net.hpp>
#include <ttt/model/lift.hpp>

#include <algorithm>
#include <cmath>
#include <string>

#include "golden/trees.hpp"

namespace {

using namespace ttt;
using golden::pytorch_tolerance;
using laws::disagreement;

/// The layer of flash-linear-attention in a file: its arrays have our names.
struct Fla {
  [[nodiscard]] Matrix<double> array(const file::Archive& archive, const std::string& kind,
                                     const std::string& name) const {
    if (name.ends_with("conv1d.weight")) return golden::taps(archive, kind + name);
    return name.ends_with("_proj.weight") ? golden::linear(archive, kind + name)
                                          : archive.matrix<double>(kind + name);
  }
  [[nodiscard]] Matrix<double> delta(const file::Archive& archive) const {
    return golden::heads_beside(archive.view("final.state"), true);
  }
  [[nodiscard]] Matrix<double> past(const file::Archive& archive, char of) const {
    return golden::past(archive.view(std::string("final.conv_") + of));
  }
};

/// The layer of Qwen3-Next: two projections have the rows of all heads, of each head of keys its
/// own and those of its heads of values; one convolution has queries, keys and values.
struct Qwen3Next {
  Index heads, value_heads, key, value;

  [[nodiscard]] Matrix<double> array(const file::Archive& archive, const std::string& kind,
                                     const std::string& name) const {
    const Index shared = value_heads / heads;
    const auto of_heads = [&](const char* stack, Index before, Index own, Index all) {
      const auto rows = archive.matrix<double>(kind + stack);
      Matrix<double> chosen(heads * own, rows.cols());
      for (Index h = 0; h < heads; ++h) {
        chosen.middleRows(h * own, own) = rows.middleRows(h * all + before, own);
      }
      return Matrix<double>(chosen.transpose());
    };
    const Index all = 2 * key + 2 * shared * value;
    const auto qkvz = [&](Index before, Index own) {
      return of_heads("in_proj_qkvz.weight", before, own, all);
    };
    if (name == "q_proj.weight") return qkvz(0, key);
    if (name == "k_proj.weight") return qkvz(key, key);
    if (name == "v_proj.weight") return qkvz(2 * key, shared * value);
    if (name == "g_proj.weight") return qkvz(2 * key + shared * value, shared * value);
    if (name == "b_proj.weight") return of_heads("in_proj_ba.weight", 0, shared, 2 * shared);
    if (name == "a_proj.weight") return of_heads("in_proj_ba.weight", shared, shared, 2 * shared);
    if (name == "o_proj.weight") return golden::linear(archive, kind + "out_proj.weight");
    if (name == "o_norm.weight") return archive.matrix<double>(kind + "norm.weight");
    if (name.ends_with("conv1d.weight")) {
      return channels(golden::taps(archive, kind + "conv1d.weight"), name[0]);
    }
    return archive.matrix<double>(kind + name);
  }
  [[nodiscard]] Matrix<double> delta(const file::Archive& archive) const {
    return golden::heads_beside(archive.view("final.state"), false);
  }
  [[nodiscard]] Matrix<double> past(const file::Archive& archive, char of) const {
    return channels(golden::past(archive.view("final.conv")), of);
  }

 private:
  [[nodiscard]] Matrix<double> channels(const Matrix<double>& all, char of) const {
    if (of == 'v') return all.rightCols(value_heads * value);
    return all.middleCols(of == 'q' ? 0 : heads * key, heads * key);
  }
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
  const auto array = [&](const file::Archive& from, const std::string& kind,
                         const std::string& name) { return theirs.array(from, kind, name); };
  const auto params = golden::params_of<S>(archive, layer.tensors(spec), array);
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
    CHECK(disagreement(state.delta, theirs.delta(archive)) < pytorch_tolerance<S>.values);
    CHECK(disagreement(state.q_conv, theirs.past(archive, 'q')) < pytorch_tolerance<S>.values);
    CHECK(disagreement(state.k_conv, theirs.past(archive, 'k')) < pytorch_tolerance<S>.values);
    CHECK(disagreement(state.v_conv, theirs.past(archive, 'v')) < pytorch_tolerance<S>.values);
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
  golden::check_gradients<S>(archive, gradient, array);
}

/// The rule alone, with the state before it: what it reads, the state behind it, and the gradients
/// of all that goes in. The original's queries are scaled by it.
template <class S>
void check_rule(const std::string& file) {
  using M = Matrix<S>;
  CAPTURE(file);
  const auto archive = golden::read("gated_delta_net", file);
  const Index heads = golden::setting(archive, "heads");
  const double scale = 1 / std::sqrt(static_cast<double>(golden::setting(archive, "key")));
  const auto input = [&](const std::string& name) {
    return name.ends_with("state") ? golden::heads_beside(archive.view(name), false)
                                   : golden::sequence(archive, name);
  };
  golden::Function<S> delta({"q", "k", "v", "beta", "g", "initial_state"}, input);
  const DeltaRule rule{.heads = {.heads = heads, .groups = heads},
                       .chunk = golden::setting(archive, "chunk")};
  Var<M> state = delta[5];
  const Var<M> q = scale_heads(delta[0], delta.constant(scale));
  delta.check_result(rule.read(state, DeltaRows<Var<M>>{q, delta[1], delta[2], delta[3], delta[4]}),
                     "o");
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
