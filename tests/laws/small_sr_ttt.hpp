// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/spec/model_spec.hpp>

namespace laws {

/// A small SR-TTT: no two of its extents are alike; neither chunks nor parts divide the window, nor
/// heads the width.
inline constexpr ttt::ModelSpec small_sr_ttt = ttt::checked({.vocab = 13,
                                                             .width = 18,
                                                             .heads = 2,
                                                             .hidden = 7,
                                                             .window = 20,
                                                             .chunk = 6,
                                                             .head = 10,
                                                             .norms = ttt::Norms::before,
                                                             .norm = ttt::NormKind::layer,
                                                             .init = {.gain = 0.5}});

}  // namespace laws
