// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/layer/attend.hpp>
#include <ttt/layer/fast.hpp>
#include <ttt/layer/gated_delta_net.hpp>
#include <ttt/layer/mamba2.hpp>
#include <ttt/layer/sr_ttt.hpp>
#include <ttt/layer/swiglu.hpp>
#include <ttt/model/language_model.hpp>

#include <cstddef>

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
using Mamba2Model = LanguageModel<ModelSpec(Spec), Repeat<Depth, Block<With<Mamba2(Mixer)>>>>;

/// Gated DeltaNet: blocks of a gated delta rule and a SwiGLU. The published spec has norms before.
///
/// \source Yang, Kautz and Hatamizadeh 2024, "Gated Delta Networks: Improving Mamba2 with Delta
///         Rule", arXiv:2412.06464
template <ModelSpec Spec, std::size_t Depth, GatedDeltaNet Mixer = GatedDeltaNet{}>
using GatedDeltaNetModel =
    LanguageModel<ModelSpec(Spec), Repeat<Depth, Block<With<GatedDeltaNet(Mixer)>, SwiGlu>>>;

static_assert(Layer<Fast<SwiGlu>>);

}  // namespace ttt
