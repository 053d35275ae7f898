// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/spec/model_spec.hpp>

/// Specs of the models that the programs know by name.
namespace preset {

using namespace ttt;

/// Bytes and a short window: with fast weights and a cache, a model that a CPU trains in three
/// hours.
inline constexpr ModelSpec bookkeeper =
    checked({.vocab = 256, .width = 128, .heads = 4, .hidden = 256, .window = 128, .chunk = 64});

/// About as many parameters as bookkeeper, in the published model with a residual cache, trained as
/// published: the control.
inline constexpr ModelSpec bookkeeper_sr_ttt = checked({.vocab = 256,
                                                        .width = 128,
                                                        .heads = 4,
                                                        .hidden = 256,
                                                        .window = 64,
                                                        .chunk = 16,
                                                        .norms = Norms::before,
                                                        .norm = NormKind::layer,
                                                        .init = {.gain = 0.5}});

/// A vocabulary of 1024 pieces of several bytes: a text has fewer pieces than bytes.
inline constexpr ModelSpec pieces =
    checked({.vocab = 1024, .width = 128, .heads = 4, .hidden = 256, .window = 64, .chunk = 64});

/// The smallest model that has everything; it trains in a second and knows nothing.
inline constexpr ModelSpec toy =
    checked({.vocab = 256, .width = 16, .heads = 2, .hidden = 24, .window = 16, .chunk = 8});

}  // namespace preset
