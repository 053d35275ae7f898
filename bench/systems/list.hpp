// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>
#include <ttt/spec/model_spec.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/report.hpp"

namespace systems {

using namespace ttt;

/// What is measured.
struct Work {
  std::vector<Index> lengths{1024, 2048};  ///< of the texts that are read
  Index decode = 64;                       ///< tokens generated behind each; 0 for none
  Index train = 1024;                      ///< tokens of a gradient; 0 for none
  Index threads = 1;
  Index width = 256;  ///< of the models: 256 or 768
};

/// The numbers that say what a system is, by their names as options of the peers.
using Shape = std::vector<std::pair<std::string_view, Index>>;

/// What was measured of a system.
struct Measured {
  Shape shape;
  std::vector<support::Report> rows;
};

/// One measured number.
[[nodiscard]] inline support::Report row(std::string_view measure, Index length, double value,
                                         std::string_view unit = "tokens/s") {
  return support::Report()
      .set("measure", measure)
      .set("length", length)
      .set("unit", unit)
      .set("value", value);
}

/// Vocabulary, width, heads, units of a SwiGLU and window of both sizes. A model that does not
/// learn reads as many tokens at once as its window has.
inline constexpr ModelSpec small =
    checked({.vocab = 256, .width = 256, .heads = 4, .hidden = 688, .window = 256, .chunk = 256});
inline constexpr ModelSpec large =
    checked({.vocab = 256, .width = 768, .heads = 12, .hidden = 2048, .window = 512, .chunk = 512});
/// The same with norms before the parts of a block alone, as all but attention have them.
[[nodiscard]] constexpr ModelSpec normed_before(ModelSpec spec) {
  spec.norms = Norms::before;
  return checked(spec);
}
/// Their blocks.
inline constexpr std::size_t small_depth = 6;
inline constexpr std::size_t large_depth = 12;

/// Measures one system.
using Measure = Measured(const Work& work);

// One line a system, here and below; its composition is in the file of its name, or of the system
// that it varies by a backbone or a cache.
Measure full_attention;
Measure sliding_window;
Measure hybrid;
Measure ttt_linear;
Measure ttt_linear_mamba;
Measure ttt_mlp;
Measure ttt_mlp_mamba;
Measure ttt_kvb;
Measure mamba2;
Measure gated_delta_net;
Measure ttt_e2e;
Measure ttt_e2e_cache;
Measure dynamic_evaluation;
Measure sr_ttt;
Measure attention;

/// A system and its name.
struct System {
  std::string_view name;
  Measure* measure;
};

inline constexpr System all[] = {
    {"full_attention", full_attention},          //
    {"sliding_window", sliding_window},          //
    {"hybrid", hybrid},                          // of these two, five to one
    {"ttt_linear", ttt_linear},                  // with the backbone of a transformer
    {"ttt_linear_mamba", ttt_linear_mamba},      // with that of Mamba
    {"ttt_mlp", ttt_mlp},                        //
    {"ttt_mlp_mamba", ttt_mlp_mamba},            //
    {"ttt_kvb", ttt_kvb},                        // TTT-MLP above a window
    {"mamba2", mamba2},                          //
    {"gated_delta_net", gated_delta_net},        //
    {"ttt_e2e", ttt_e2e},                        //
    {"ttt_e2e_cache", ttt_e2e_cache},            //
    {"dynamic_evaluation", dynamic_evaluation},  // of a sliding window
    {"sr_ttt", sr_ttt},                          //
    {"attention", attention},                    // no model: the operation alone
};

}  // namespace systems
