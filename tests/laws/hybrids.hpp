// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/model/systems.hpp>

#include "laws/texts.hpp"

namespace laws {

/// Two query heads share one of keys and values.
inline constexpr ModelSpec hybrid = checked(
    {.vocab = 13, .width = 8, .heads = 4, .hidden = 6, .window = 7, .chunk = 5, .kv_heads = 2});

/// The same shapes, said once by layers and once by a spec.
using Own = LanguageModel<
    hybrid,
    Repeat<2, Block<With<Attend<Window>{.heads = 2,
                                        .kv_heads = 1,
                                        .head = 6,
                                        .rotary = {.pairs = RotaryPairs::half_split, .base = 50},
                                        .memory = {.length = 9}}>,
                    With<SwiGlu{.hidden = 5}>>>>;
inline constexpr ModelSpec as_own =
    checked({.vocab = 13,
             .width = 8,
             .heads = 2,
             .hidden = 5,
             .window = 9,
             .chunk = 5,
             .kv_heads = 1,
             .head = 6,
             .rotary = {.pairs = RotaryPairs::half_split, .base = 50}});

/// Two attentions in a block, and windows of two lengths.
using Twice = LanguageModel<
    hybrid,
    Repeat<1, Block<Attend<With<Window{.length = 3}>>,
                    With<Attend<Whole>{.kv_heads = 1,
                                       .names = {"global_norm", "global", "global_post_norm"}}>,
                    SwiGlu>>,
    Repeat<1, Block<Attend<With<Window{.length = 20}>>, SwiGlu>>>;

/// A window and full attention below fast weights.
using LearningHybrid = LanguageModel<hybrid, Repeat<1, Block<Attend<Window>, SwiGlu>>,
                                     Repeat<1, Block<Attend<Whole>, Fast<SwiGlu>, SwiGlu>>>;

/// The aliases of the library.
using Full = FullAttention<hybrid, 2>;
using FiveToOne = Hybrid<hybrid, 5>;

}  // namespace laws
