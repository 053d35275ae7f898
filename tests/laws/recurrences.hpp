// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/model/systems.hpp>

#include "laws/texts.hpp"

namespace laws {

/// Four heads of two groups, and chunks of the recurrence that divide neither reads nor chunks.
inline constexpr Mamba2 grouped_mamba2{.expansion = 2,
                                       .head = 4,
                                       .groups = 2,
                                       .state = 3,
                                       .taps = 3,
                                       .bias = Bias::learned,
                                       .epsilon = 1e-2,
                                       .chunk = 3};
/// Two heads of values for each of keys, convolutions with biases, and corrections of up to 2.
inline constexpr GatedDeltaNet grouped_delta_net{.heads = 2,
                                                 .value_heads = 4,
                                                 .key = 4,
                                                 .value = 3,
                                                 .taps = 3,
                                                 .conv_bias = Bias::learned,
                                                 .rate = 2,
                                                 .epsilon = 1e-2,
                                                 .chunk = 3};

/// The aliases of the library.
using SmallMamba2 = Mamba2Model<small, 2, grouped_mamba2>;
using SmallDeltaNet = GatedDeltaNetModel<small, 1, grouped_delta_net>;

/// A recurrence in a block of fast weights.
using LearningDeltaNet =
    LanguageModel<small, Repeat<1, Block<With<grouped_mamba2>>>,
                  Repeat<1, Block<With<grouped_delta_net>, Fast<SwiGlu>, SwiGlu>>>;

}  // namespace laws
