// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/model/systems.hpp>

/// Models of published sizes.
namespace sizes {

using namespace ttt;

/// What sizes of one model differ in.
struct Size {
  Index width, hidden;
  std::size_t depth;
  Index heads;
};

/// \source arXiv:2407.04620, and the configurations of its code
namespace ttt_size {
inline constexpr Size s125m{768, 2048, 12, 12};
inline constexpr Size s350m{1024, 2736, 24, 16};
inline constexpr Size s760m{1536, 4096, 24, 16};
inline constexpr Size s1b{2048, 5504, 24, 32};
}  // namespace ttt_size

/// \source arXiv:2512.23675, and the configurations of its code
namespace e2e_size {
inline constexpr Size s125m{768, 1664, 12, 12};
inline constexpr Size s350m{1024, 2304, 24, 16};
inline constexpr Size s760m{1536, 3328, 24, 16};
inline constexpr Size s1b{2048, 4352, 24, 32};
inline constexpr Size s3b{2560, 5632, 32, 32};
}  // namespace e2e_size

/// Without attention, the window means nothing.
constexpr ModelSpec ttt_layers(const Size& size) {
  return checked({.vocab = 32000,
                  .width = size.width,
                  .heads = size.heads,
                  .hidden = size.hidden,
                  .window = 16,
                  .chunk = 16,
                  .norms = Norms::before});
}
template <Size S, Backbone Around>
using Linear = TttLinear<ttt_layers(S), S.depth, Around>;
template <Size S, Backbone Around>
using Mlp = TttMlp<ttt_layers(S), S.depth, Around>;

constexpr ModelSpec ttt_e2e(const Size& size) {
  return checked({.vocab = 128256,
                  .width = size.width,
                  .heads = size.heads,
                  .hidden = size.hidden,
                  .window = 8192,
                  .chunk = 1024,
                  .rotary = {.base = 500000}});
}
template <Size S>
using E2e = TttE2e<ttt_e2e(S), S.depth, S.depth / 4>;

/// Llama, with full attention to `context` tokens, and Mistral, with a window of as many.
constexpr ModelSpec llama(const Size& size, Index kv_heads, Index context) {
  return checked({.vocab = 32000,
                  .width = size.width,
                  .heads = size.heads,
                  .hidden = size.hidden,
                  .window = context,
                  .chunk = 1024,
                  .kv_heads = kv_heads,
                  .rotary = {.pairs = RotaryPairs::half_split},
                  .norms = Norms::before,
                  .epsilon = 1e-5,
                  .query_key_norm = QueryKeyNorm::none,
                  .output = Head::separate});
}
/// \source Zhang et al. 2024, "TinyLlama: An Open-Source Small Language Model", arXiv:2401.02385
using TinyLlama = FullAttention<llama({2048, 5632, 22, 32}, 4, 2048), 22>;
/// \source Touvron et al. 2023, "Llama 2: Open Foundation and Fine-Tuned Chat Models",
///         arXiv:2307.09288
using Llama2 = FullAttention<llama({4096, 11008, 32, 32}, 32, 4096), 32>;
/// The first version. \source Jiang et al. 2023, "Mistral 7B", arXiv:2310.06825
using Mistral = SlidingWindow<llama({4096, 14336, 32, 32}, 8, 4096), 32>;

/// Without attention, heads, hidden, window and chunk mean nothing.
///
/// \source arXiv:2405.21060, and the vocabulary of its files: 50277, padded to a multiple of 16
constexpr ModelSpec mamba2(Index width) {
  return checked({.vocab = 50288,
                  .width = width,
                  .heads = width / 64,
                  .hidden = 1,
                  .window = 64,
                  .chunk = 64,
                  .norms = Norms::before,
                  .epsilon = 1e-5});
}
template <Index Width, std::size_t Depth>
using Mamba = Mamba2Model<mamba2(Width), Depth>;

/// The model of flash-linear-attention's default configuration. \source its code
using DeltaNet = GatedDeltaNetModel<checked({.vocab = 32000,
                                             .width = 2048,
                                             .heads = 6,
                                             .hidden = 5632,
                                             .window = 64,
                                             .chunk = 64,
                                             .head = 256,
                                             .norms = Norms::before,
                                             .output = Head::separate}),
                                    21, GatedDeltaNet{.epsilon = 1e-6}>;

}  // namespace sizes
