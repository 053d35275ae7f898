// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "golden/ttt_e2e.hpp"

namespace golden {

inline constexpr ModelSpec base =
    checked({.vocab = 61, .width = 24, .heads = 3, .hidden = 40, .window = 16, .chunk = 8});

constexpr ModelSpec with(auto change) {
  ModelSpec spec = base;
  change(spec);
  return checked(spec);
}
inline constexpr ModelSpec window_is_chunk = with([](ModelSpec& s) { s.window = 8; });
inline constexpr ModelSpec untied_plain_qk = with([](ModelSpec& s) {
  s.output = Head::separate;
  s.query_key_norm = QueryKeyNorm::none;
});
inline constexpr ModelSpec no_post_norm = with([](ModelSpec& s) { s.norms = Norms::before; });
inline constexpr ModelSpec narrow =
    checked({.vocab = 61, .width = 16, .heads = 2, .hidden = 24, .window = 16, .chunk = 8});
inline constexpr ModelSpec whole = with([](ModelSpec& s) { s.window = s.chunk = 64; });

/// Texts that the original read while it learned, by the design's own choices.
template <class S>
void check_meta_learning() {
  check_meta<S, base>("meta", {.rate = 1, .max_norm = 2});
  check_meta<S, base>("meta_masked", {.rate = 1, .max_norm = 1.85});
  // Twenty inner steps that amplify: rounding only the inputs to single precision already moves the
  // gradients of this text by 2e-5, and in single precision throughout they come out at 0.7e-4 to
  // 2.1e-4, depending on how the compiler orders sums.
  check_meta<S, narrow>("meta_long", {.rate = 1, .max_norm = 1.06},
                        std::max(tolerance<S>.gradients, std::is_same_v<S, float> ? 3e-4 : 0.0));
}

/// The same under other choices of the spec.
template <class S>
void check_other_choices() {
  check_meta<S, window_is_chunk>("meta_window_is_chunk", {.rate = 0.5, .max_norm = 0.5});
  check_meta<S, untied_plain_qk>("meta_untied_plain_qk", {.rate = 0.3, .max_norm = 1});
  check_meta<S, no_post_norm>("meta_no_post_norm", {.rate = 0.3, .max_norm = 0});
}

}  // namespace golden
