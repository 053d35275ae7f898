// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/cached_window.hpp>
#include <ttt/model/systems.hpp>

#include <array>
#include <cstddef>
#include <string_view>

/// Language models of many kinds, trained and measured alike.
namespace compare {

using namespace ttt;

/// What the systems share: bytes, a narrow residual stream, a window and a chunk. In each the
/// hidden width, or another extent where there is no SwiGLU, is solved for the parameters.
inline constexpr ModelSpec shared =
    checked({.vocab = 256, .width = 64, .heads = 4, .hidden = 256, .window = 256, .chunk = 64});
inline constexpr std::size_t depth = 6;

/// Parameters that each system has, within 0.25 %: those of a sliding window at that shape.
inline constexpr Index parameters_wanted = ttt::SlidingWindow<shared, depth>::parameters();

/// A place of a system in an ablation: the value of what is varied, the rest as in the base.
struct Ablation {
  std::string_view varied;  ///< empty where the system is in none
  Index value = 0;
};

/// What tables, files and figures call a system, and what it is varied in.
struct Identity {
  std::string_view name;   ///< in files and on the command line
  std::string_view title;  ///< in tables and figures
  std::array<Ablation, 3> ablations{};
  bool base = true;  ///< in the main table; otherwise in those of ablations alone
};

/// A spec with another hidden width.
[[nodiscard]] constexpr ModelSpec with_hidden(ModelSpec spec, Index hidden) {
  spec.hidden = hidden;
  return checked(spec);
}

/// The hidden width with which a family has the parameters that are wanted. Their number is an
/// affine function of it.
template <class Family>
inline constexpr Index solved_hidden = [] {
  const Index at_one = Family::template Model<with_hidden(Family::spec, 1)>::parameters();
  const Index at_two = Family::template Model<with_hidden(Family::spec, 2)>::parameters();
  const Index each = at_two - at_one;
  const Index hidden = 1 + (parameters_wanted - at_one + each / 2) / each;
  if (hidden < 1) throw SpecError("a family must have fewer parameters than are wanted");
  return hidden;
}();

/// The model of a family with as many parameters as all others.
template <class Family>
using ModelOf = typename Family::template Model<with_hidden(Family::spec, solved_hidden<Family>)>;

// A family is an identity, a spec whose hidden width is left to be solved, and a model as a
// function of the spec. An entry here, a file in systems/ and a word in list.cpp make a system.

/// With norms before the parts alone, as recurrent layers were published.
inline constexpr ModelSpec norms_before = [] {
  ModelSpec spec = shared;
  spec.norms = Norms::before;
  return spec;
}();
/// As SR-TTT was published.
inline constexpr ModelSpec as_sr_ttt = [] {
  ModelSpec spec = norms_before;
  spec.chunk = 16;
  spec.norm = NormKind::layer;
  spec.init = {.gain = 0.5};
  return spec;
}();
/// With another window, or another chunk.
[[nodiscard]] constexpr ModelSpec with_window(Index window, Index chunk) {
  ModelSpec spec = shared;
  spec.window = window;
  spec.chunk = chunk;
  return spec;
}

struct FullAttention {
  static constexpr Identity identity{.name = "full_attention", .title = "full attention"};
  static constexpr ModelSpec spec = shared;
  template <ModelSpec Spec>
  using Model = ttt::FullAttention<Spec, depth>;
};

struct SlidingWindow {
  static constexpr Identity identity{.name = "sliding_window", .title = "sliding window"};
  static constexpr ModelSpec spec = shared;
  template <ModelSpec Spec>
  using Model = ttt::SlidingWindow<Spec, depth>;
};

struct Hybrid {
  static constexpr Identity identity{.name = "hybrid", .title = "hybrid 5:1"};
  static constexpr ModelSpec spec = shared;
  template <ModelSpec Spec>
  using Model = ttt::Hybrid<Spec, depth - 1>;
};

struct TttLinear {
  static constexpr Identity identity{
      .name = "ttt_linear", .title = "TTT-Linear", .ablations = {{{"chunk of TTT-Linear", 16}}}};
  static constexpr ModelSpec spec = norms_before;
  template <ModelSpec Spec>
  using Model = TttModel<Spec, depth, TttLayer<>{.chunk = 16}>;
};

struct TttLinearChunk64 {
  static constexpr Identity identity{.name = "ttt_linear_chunk_64",
                                     .title = "TTT-Linear, chunk 64",
                                     .ablations = {{{"chunk of TTT-Linear", 64}}},
                                     .base = false};
  static constexpr ModelSpec spec = norms_before;
  template <ModelSpec Spec>
  using Model = TttModel<Spec, depth, TttLayer<>{.chunk = 64}>;
};

struct TttLinearMamba {
  static constexpr Identity identity{.name = "ttt_linear_mamba",
                                     .title = "TTT-Linear, Mamba backbone"};
  static constexpr ModelSpec spec = norms_before;
  template <ModelSpec Spec>
  using Model = TttModel<Spec, depth, TttLayer<>{.backbone = Backbone::mamba, .chunk = 16}>;
};

/// The layer of TTT-MLP, as published.
[[nodiscard]] constexpr TttLayer<InnerLearner<inner_model::Mlp>> ttt_mlp(Backbone around) {
  return {.rate = 0.1, .backbone = around, .chunk = 16};
}

struct TttMlp {
  static constexpr Identity identity{.name = "ttt_mlp", .title = "TTT-MLP"};
  static constexpr ModelSpec spec = norms_before;
  template <ModelSpec Spec>
  using Model = TttModel<Spec, depth, ttt_mlp(Backbone::transformer)>;
};

struct TttMlpMamba {
  static constexpr Identity identity{.name = "ttt_mlp_mamba", .title = "TTT-MLP, Mamba backbone"};
  static constexpr ModelSpec spec = norms_before;
  template <ModelSpec Spec>
  using Model = TttModel<Spec, depth, ttt_mlp(Backbone::mamba)>;
};

struct TttKvb {
  static constexpr Identity identity{.name = "ttt_kvb", .title = "TTT-KVB"};
  static constexpr ModelSpec spec = shared;
  template <ModelSpec Spec>
  using Model = ttt::TttKvb<Spec, depth>;
};

struct TttE2e {
  static constexpr Identity identity{.name = "ttt_e2e",
                                     .title = "TTT-E2E",
                                     .ablations = {{{"window of TTT-E2E", shared.window},
                                                    {"chunk of TTT-E2E", shared.chunk},
                                                    {"learning blocks of TTT-E2E", 2}}}};
  static constexpr ModelSpec spec = shared;
  template <ModelSpec Spec>
  using Model = ttt::TttE2e<Spec, depth, 2>;
};

struct TttE2eWindow128 {
  static constexpr Identity identity{.name = "ttt_e2e_window_128",
                                     .title = "TTT-E2E, window 128",
                                     .ablations = {{{"window of TTT-E2E", 128}}},
                                     .base = false};
  static constexpr ModelSpec spec = with_window(128, shared.chunk);
  template <ModelSpec Spec>
  using Model = ttt::TttE2e<Spec, depth, 2>;
};

struct TttE2eWindow512 {
  static constexpr Identity identity{.name = "ttt_e2e_window_512",
                                     .title = "TTT-E2E, window 512",
                                     .ablations = {{{"window of TTT-E2E", 512}}},
                                     .base = false};
  static constexpr ModelSpec spec = with_window(512, shared.chunk);
  template <ModelSpec Spec>
  using Model = ttt::TttE2e<Spec, depth, 2>;
};

struct TttE2eChunk32 {
  static constexpr Identity identity{.name = "ttt_e2e_chunk_32",
                                     .title = "TTT-E2E, chunk 32",
                                     .ablations = {{{"chunk of TTT-E2E", 32}}},
                                     .base = false};
  static constexpr ModelSpec spec = with_window(shared.window, 32);
  template <ModelSpec Spec>
  using Model = ttt::TttE2e<Spec, depth, 2>;
};

struct TttE2eChunk256 {
  static constexpr Identity identity{.name = "ttt_e2e_chunk_256",
                                     .title = "TTT-E2E, chunk 256",
                                     .ablations = {{{"chunk of TTT-E2E", 256}}},
                                     .base = false};
  static constexpr ModelSpec spec = with_window(shared.window, 256);
  template <ModelSpec Spec>
  using Model = ttt::TttE2e<Spec, depth, 2>;
};

struct TttE2eLearning1 {
  static constexpr Identity identity{.name = "ttt_e2e_learning_1",
                                     .title = "TTT-E2E, 1 learning block",
                                     .ablations = {{{"learning blocks of TTT-E2E", 1}}},
                                     .base = false};
  static constexpr ModelSpec spec = shared;
  template <ModelSpec Spec>
  using Model = ttt::TttE2e<Spec, depth, 1>;
};

struct TttE2eLearning4 {
  static constexpr Identity identity{.name = "ttt_e2e_learning_4",
                                     .title = "TTT-E2E, 4 learning blocks",
                                     .ablations = {{{"learning blocks of TTT-E2E", 4}}},
                                     .base = false};
  static constexpr ModelSpec spec = shared;
  template <ModelSpec Spec>
  using Model = ttt::TttE2e<Spec, depth, 4>;
};

/// Ours: what will be wanted again is also stored, exactly.
struct TttE2eCache {
  static constexpr Identity identity{.name = "ttt_e2e_cache", .title = "TTT-E2E with a cache"};
  static constexpr ModelSpec spec = shared;
  template <ModelSpec Spec>
  using Model = CachedTttE2e<Spec, depth, 2, Cache<128, evict::LowestKeepScore>>;
};

/// The published model, with gradients through its inner steps and all parameters trained at once.
struct SrTtt {
  static constexpr Identity identity{.name = "sr_ttt", .title = "SR-TTT"};
  static constexpr ModelSpec spec = as_sr_ttt;
  template <ModelSpec Spec>
  using Model = ttt::SrTtt<Spec, depth, ResidualDelta<>{.slots = 128}>;
};

/// It has no SwiGLU, and so twice as many blocks; what is solved is the state of a feature.
struct Mamba2 {
  static constexpr Identity identity{.name = "mamba2", .title = "Mamba-2"};
  static constexpr ModelSpec spec = norms_before;
  template <ModelSpec Spec>
  using Model = Mamba2Model<Spec, 2 * depth, ttt::Mamba2{.state = Spec.hidden}>;
};

struct GatedDeltaNet {
  static constexpr Identity identity{.name = "gated_delta_net", .title = "Gated DeltaNet"};
  static constexpr ModelSpec spec = norms_before;
  template <ModelSpec Spec>
  using Model = GatedDeltaNetModel<Spec, depth>;
};

}  // namespace compare
