// SPDX-License-Identifier: Apache-2.0
#include <ttt/model/foreign_names.hpp>
#include <ttt/model/systems.hpp>

#include <span>
#include <string>
#include <tuple>

#include "golden/language_models.hpp"

namespace {

using namespace ttt;
using golden::pytorch_tolerance;
using laws::disagreement;

/// Of every block, the state of its heads and the past of its convolution.
template <class S, class Session>
void check_states(const file::Archive& archive, const std::string& when, const Session& session) {
  const auto& blocks = std::get<0>(session.state().memory.stages);
  for (std::size_t n = 0; n < blocks.size(); ++n) {
    const auto& ours = std::get<0>(blocks[n].parts);
    const auto theirs = [&](const char* name) {
      return archive.view(when + name).slice(static_cast<Index>(n));
    };
    CAPTURE(when);
    CAPTURE(n);
    CHECK(disagreement(ours.ssm, golden::heads_beside(theirs("ssm_state"), true)) <
          pytorch_tolerance<S>.values);
    Matrix<double> past = golden::past(theirs("conv_state"));
    if (ours.conv.rows() < past.rows()) past = past.bottomRows(ours.conv.rows()).eval();
    CHECK(disagreement(ours.conv, past) < pytorch_tolerance<S>.values);
  }
}

/// States after a prefill, and the logits of the tokens behind it.
template <class Model, class S>
void check_resumed(const file::Archive& archive,
                   const typename Model::template Params<Matrix<S>>& params) {
  const auto tokens = golden::tokens_of(archive, "input_ids");
  const auto logits = archive.matrix<double>("resumed.logits");
  const auto prefill = static_cast<std::size_t>(golden::setting(archive, "prefill"));
  Session<Model, Matrix<S>> session(params);
  session.read(std::span(tokens).first(prefill));
  check_states<S>(archive, "prefill.", session);
  for (std::size_t t = prefill; t < tokens.size(); ++t) {
    session.read(std::span(tokens).subspan(t, 1));
    CAPTURE(t);
    CHECK(disagreement(session.logits(), Matrix<double>(logits.row(static_cast<Index>(t)))) <
          pytorch_tolerance<S>.values);
  }
  check_states<S>(archive, "final.", session);
}

/// A language model of `Depth` blocks.
template <class S, ModelSpec Spec, Mamba2 Mixer, std::size_t Depth = 2>
void check(const std::string& file) {
  using Model = Mamba2Model<Spec, Depth, Mixer>;
  CAPTURE(file);
  const auto archive = golden::read("mamba2", file);
  golden::check_training<Model, S>(archive, foreign::mamba2);
  const auto params = golden::tree_of<Model, S>(archive, foreign::mamba2);
  check_states<S>(archive, "final.", golden::check_reading<Model, S>(archive, params));
  check_resumed<Model, S>(archive, params);
}

/// The scan alone, with the state before it: what it reads, the state behind it, and the gradients
/// of all that goes in.
template <class S>
void check_scan(const std::string& file) {
  using M = Matrix<S>;
  CAPTURE(file);
  const auto archive = golden::read("mamba2", file);
  const auto input = [&](const std::string& name) {
    return name.ends_with("state") ? golden::heads_beside(archive.view(name), true)
                                   : golden::rows_of(archive, name);
  };
  golden::Function<S> scan({"x", "B", "C", "dt", "dt_bias", "A", "D", "initial_state"}, input);
  const Var<M> step = softplus_of(add_row(scan[3], scan[4]));
  const StateSpace space{.heads = {.heads = golden::setting(archive, "heads"),
                                   .groups = golden::setting(archive, "groups")},
                         .chunk = golden::setting(archive, "chunk")};
  Var<M> state = scan[7];
  const Var<M> read = space.read(
      state, StateSpaceRows<Var<M>>{scan[0], scan[1], scan[2], step, scale_heads(step, scan[5])});
  scan.check_result(add(read, scale_heads(scan[0], scan[6])), "y");
  scan.check_result(state, "final_state");
  scan.check_gradients();
}

/// The shapes of the files. A model without attention makes nothing of heads, hidden and window.
constexpr ModelSpec lm = checked({.vocab = 61,
                                  .width = 24,
                                  .heads = 3,
                                  .hidden = 1,
                                  .window = 8,
                                  .chunk = 8,
                                  .norms = Norms::before,
                                  .epsilon = 1e-5,
                                  .output = Head::separate});
constexpr ModelSpec lm_groups = checked({.vocab = 37,
                                         .width = 16,
                                         .heads = 4,
                                         .hidden = 1,
                                         .window = 5,
                                         .chunk = 5,
                                         .norms = Norms::before,
                                         .epsilon = 1e-6});
constexpr Mamba2 grouped{.head = 4,
                         .groups = 2,
                         .state = 6,
                         .taps = 3,
                         .conv_bias = Bias::none,
                         .bias = Bias::learned,
                         .epsilon = 1e-6,
                         .chunk = 5};

TEST_SUITE("golden") {
  TEST_CASE_TEMPLATE("Mamba-2 agrees with Mamba2ForCausalLM of transformers", S, double, float) {
    check<S, lm, Mamba2{.head = 8, .state = 5, .chunk = 8}>("lm");
    check<S, lm_groups, grouped>("lm_groups");
  }

  TEST_CASE_TEMPLATE("A state space agrees with the scan of transformers", S, double, float) {
    check_scan<S>("scan");
  }
}

}  // namespace
