// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/layer/attend.hpp>
#include <ttt/layer/causal_conv.hpp>
#include <ttt/layer/fast.hpp>
#include <ttt/layer/gated_delta_net.hpp>
#include <ttt/layer/mamba2.hpp>
#include <ttt/layer/sr_ttt.hpp>
#include <ttt/layer/swiglu.hpp>
#include <ttt/layer/ttt_layer.hpp>
#include <ttt/model/language_model.hpp>

#include <cstddef>
#include <type_traits>

namespace ttt {

// The spec is copied, ModelSpec(Spec), because nvcc loses the parameter of an alias.

/// A transformer with full attention.
template <ModelSpec Spec, std::size_t Depth>
using FullAttention = LanguageModel<ModelSpec(Spec), Repeat<Depth, Block<Attend<Whole>, SwiGlu>>>;

/// A transformer whose attention sees a sliding window.
template <ModelSpec Spec, std::size_t Depth>
using SlidingWindow = LanguageModel<ModelSpec(Spec), Repeat<Depth, Block<Attend<Window>, SwiGlu>>>;

/// `Local` blocks with a sliding window, then one with full attention.
template <ModelSpec Spec, std::size_t Local>
using Hybrid = LanguageModel<ModelSpec(Spec), Repeat<Local, Block<Attend<Window>, SwiGlu>>,
                             Repeat<1, Block<Attend<Whole>, SwiGlu>>>;

/// A sliding-window transformer whose last `Learning` blocks have a SwiGLU of fast weights, which
/// takes a gradient step on the next-token loss after each chunk that it reads.
///
/// \source Sun et al. 2025, "End-to-End Test-Time Training for Long Context", arXiv:2512.23675
template <ModelSpec Spec, std::size_t Depth, std::size_t Learning>
using TttE2e =
    LanguageModel<ModelSpec(Spec), Repeat<Depth - Learning, Block<Attend<Window>, SwiGlu>>,
                  Repeat<Learning, Block<Attend<Window>, Fast<SwiGlu>, SwiGlu>>>;

/// TttE2e whose learning blocks also store, exactly, what `Kept` says of what leaves their window.
///
/// \source ours; the idea of a cache beside fast weights is of arXiv:2603.06642
template <ModelSpec Spec, std::size_t Depth, std::size_t Learning, class Kept>
using CachedTttE2e =
    LanguageModel<ModelSpec(Spec), Repeat<Depth - Learning, Block<Attend<Window>, SwiGlu>>,
                  Repeat<Learning, Block<Attend<Window, Kept>, Fast<SwiGlu>, SwiGlu>>>;

namespace detail {

/// A block of a TTT layer. The Mamba backbone has a convolution before it.
template <auto Mixer>
struct TttBlock : std::type_identity<Block<With<Mixer>, SwiGlu>> {};
template <auto Mixer>
requires(Mixer.backbone == Backbone::mamba) struct TttBlock<Mixer>
    : std::type_identity<Block<With<CausalConv<4>{.bias = Bias::learned}>, With<Mixer>, SwiGlu>> {
};

}  // namespace detail

/// Blocks of a TTT layer and a SwiGLU. The published spec has norms before.
///
/// \source Sun et al. 2024, "Learning to (Learn at Test Time)", arXiv:2407.04620
template <ModelSpec Spec, std::size_t Depth, auto Mixer>
using TttModel =
    LanguageModel<ModelSpec(Spec), Repeat<Depth, typename detail::TttBlock<Mixer>::type>>;

/// TTT-Linear, as published.
template <ModelSpec Spec, std::size_t Depth, Backbone Around = Backbone::transformer>
using TttLinear = TttModel<ModelSpec(Spec), Depth, TttLayer<>{.backbone = Around}>;

/// TTT-MLP, as published.
template <ModelSpec Spec, std::size_t Depth, Backbone Around = Backbone::transformer>
using TttMlp = TttModel<ModelSpec(Spec), Depth,
                        TttLayer<InnerLearner<inner_model::Mlp>>{.rate = 0.1, .backbone = Around}>;

/// A sliding window and TTT-MLP in every block: what TTT-E2E is compared with under the name of
/// TTT-KVB.
///
/// \source arXiv:2512.23675
template <ModelSpec Spec, std::size_t Depth,
          auto Mixer =
              TttLayer<InnerLearner<inner_model::Mlp>>{
                  .rate = 0.1, .names = {"kvb_norm", "kvb", "kvb_post_norm"}}>
using TttKvb =
    LanguageModel<ModelSpec(Spec), Repeat<Depth, Block<Attend<Window>, With<Mixer>, SwiGlu>>>;

/// Surprisal-aware residual test-time training, as published: blocks of a ResidualDelta and a
/// SwiGLU. The published spec has norms before, NormKind::layer and InitRule{.gain = 0.5}.
///
/// \source arXiv:2603.06642, second version, and its code
template <ModelSpec Spec, std::size_t Depth, auto Memory = ResidualDelta<>{}>
using SrTtt =
    LanguageModel<ModelSpec(Spec), Repeat<Depth, Block<With<checked(Memory, Spec)>, SwiGlu>>>;

/// Mamba-2: blocks of a state space and nothing else. The published spec has norms before.
///
/// \source Dao and Gu 2024, "Transformers are SSMs", arXiv:2405.21060
template <ModelSpec Spec, std::size_t Depth, Mamba2 Mixer = Mamba2{}>
using Mamba2Model =
    LanguageModel<ModelSpec(Spec), Repeat<Depth, Block<With<checked(Mixer, Spec)>>>>;

/// Gated DeltaNet: blocks of a gated delta rule and a SwiGLU. The published spec has norms before.
///
/// \source Yang, Kautz and Hatamizadeh 2024, "Gated Delta Networks: Improving Mamba2 with Delta
///         Rule", arXiv:2412.06464
template <ModelSpec Spec, std::size_t Depth, GatedDeltaNet Mixer = GatedDeltaNet{}>
using GatedDeltaNetModel =
    LanguageModel<ModelSpec(Spec), Repeat<Depth, Block<With<checked(Mixer, Spec)>, SwiGlu>>>;

static_assert(Layer<Fast<SwiGlu>>);

}  // namespace ttt
